import { placedSteps } from "../analysis/step-path.js";
import { plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import { toolFailureText } from "../trace/tool-failure-text.js";

/** The first of a turn's tools that failed, subagents' included. */
export interface FailedTools {
  /** What failed and how, and of how many: `1 tool failed: bash npm test: exit 1 (step 1)`. */
  readonly text: string;
  /** The first one's step, as `show --step` takes it. */
  readonly step: string;
}

/** @returns undefined where none failed */
export function failedTools({ loop, session }: LoopTrace): FailedTools | undefined {
  const failed = placedSteps(loop).flatMap(({ path, step }) =>
    step.tools.flatMap((tool) => {
      const why = toolFailureText(tool, session.directory);
      return why === null ? [] : [{ path, why: `${oneLine(tool.name)} ${why}` }];
    }),
  );
  const [first] = failed;
  if (!first) return undefined;
  const more = failed.length > 1 ? `, and ${failed.length - 1} more` : "";
  return {
    text: `${plural(failed.length, "tool")} failed: ${first.why} (step ${first.path})${more}`,
    step: first.path,
  };
}
