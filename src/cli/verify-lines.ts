import type { Task } from "../batch/task.js";
import type { TaskResult } from "../batch/task-result.js";
import { type LabelledLine, worded } from "../terminal/labelled-line.js";
import { count, plural } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";

const MOST_NAMES = 10;
const LONGEST_ID = 60;

/**
 * Which tasks their verify command did not pass, those from before too, and how many another command has verified.
 *
 * @param command of tasks that name none
 */
export function verifyLines(
  tasks: readonly Task[],
  recorded: ReadonlyMap<string, TaskResult>,
  command: string | undefined,
): readonly LabelledLine[] {
  const known = tasks.flatMap((task) => {
    const result = recorded.get(task.id);
    return result?.digest !== task.digest ? [] : [{ asked: task.request.verify ?? command, result }];
  });
  const failed = known.flatMap(({ result }) => (result.verify?.passed === false ? [result.id] : []));
  const others = known.filter(
    ({ asked, result: { status, verify } }) =>
      asked !== undefined && (verify === null ? status === "done" : verify.command !== asked),
  ).length;
  const names = failed.slice(0, MOST_NAMES).map((id) => shortenTo(oneLine(id), LONGEST_ID));
  const more = failed.length > names.length ? ` and ${count(failed.length - names.length)} more` : "";
  return [
    ...(failed.length > 0
      ? [worded("failed", `verify: ${names.join(", ")}${more}; --retry-failed does them again`, "failed")]
      : []),
    ...(others > 0
      ? [
          worded(
            "note",
            `${plural(others, "task")} ${others === 1 ? "was" : "were"} done before with another verify command, or none, and ${others === 1 ? "is" : "are"} not verified anew; another file (-o) does all again`,
            "warning",
          ),
        ]
      : []),
  ];
}
