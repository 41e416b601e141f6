import { basename, resolve } from "node:path";
import type { AgentFlags } from "../agent/setting-surfaces.js";
import { parseTasks } from "../batch/parse-tasks.js";
import { readTasks } from "../batch/read-tasks.js";
import type { Task } from "../batch/task.js";
import { CONFIG_FILE } from "../config/config-file-name.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { isModelName } from "../opencode/drive.js";
import { doubtAboutOwner } from "../trust/doubt.js";
import { currentIdentity } from "../trust/identity.js";
import { isTrustedByName, TRUST_VARIABLE } from "../trust/trusted-paths.js";
import { agentOptions } from "./agent-options.js";
import type { CommandContext } from "./command-context.js";
import type { Terminal } from "./terminal.js";
import { typedPath } from "./typed-path.js";

/**
 * The tasks of a batch.
 *
 * @param source a file, or `-` for standard input
 * @param what what its user calls them
 * @throws {ConfigurationError} when it cannot be read, or a line of it is no task
 */
export async function tasksOf(
  source: string,
  terminal: Terminal,
  what: "tasks" | "cases" = "tasks",
): Promise<readonly Task[]> {
  if (source === "-") return parseTasks(await terminal.readStdin(), "standard input");
  return readTasks(typedPath(`The ${what} file`, source, "file", terminal), source);
}

/**
 * Where the results of a batch go.
 *
 * @throws {ConfigurationError} when no place was named, when it is the file of tasks itself, or another
 *   user's
 */
export function resultsPath(
  source: string,
  output: string | undefined,
  { cwd, env }: Terminal,
  kind: "results" | "experiment" = "results",
): string {
  if (output === undefined && source === "-") {
    throw new ConfigurationError(
      "--output",
      "Tasks from standard input have no file that the results could stand beside.\nSay where they go with -o <file>.",
    );
  }
  const beside = `${source.replace(/\.(?:jsonl|ndjson|json|txt)$/i, "")}.${kind}.jsonl`;
  const path = resolve(cwd, output ?? beside);
  if (source !== "-" && path === resolve(cwd, source)) {
    throw new ConfigurationError(
      "--output",
      `-o ${basename(path)} is the file of the tasks.\nName another one for the results.`,
    );
  }
  const doubt = doubtAboutOwner(path, currentIdentity(env));
  if (doubt !== undefined && !isTrustedByName(path, env)) {
    throw new ConfigurationError(
      "--output",
      `${path} is not used for the results, because ${doubt}, who could say which tasks are done.\nName another file by -o <file>, or allow this one by ${TRUST_VARIABLE}=${path}.`,
    );
  }
  return path;
}

/**
 * What holds for tasks that do not say otherwise.
 *
 * @throws {ConfigurationError} when no task could be run with it
 */
export async function defaultsOf(
  command: "batch" | "worker",
  flags: AgentFlags<"batch">,
  context: CommandContext,
  terminal: Terminal,
) {
  const { file } = context;
  checkModels("--model", flags.model, "model", file.model);
  checkModels("--fallback-model", flags.fallbackModel, "fallbackModels", file.fallbackModels);
  return {
    ...(await agentOptions(command, flags, context, terminal)),
    // The batch waits for rate limits itself: meanwhile another task can have the place.
    patienceMs: 0,
  };
}

/** @throws {ConfigurationError} naming the flag, or the setting that holds where no flag was typed */
function checkModels(
  flag: string,
  typed: string | readonly string[] | undefined,
  setting: string,
  kept: string | readonly string[] | undefined,
): void {
  const wrong = [typed ?? kept ?? []].flat().find((model) => !isModelName(model));
  if (wrong === undefined) return;
  const name = typed === undefined ? `in ${CONFIG_FILE}: ${setting}` : flag;
  throw new ConfigurationError(
    name,
    `${name}: ${JSON.stringify(wrong)} is not of the form provider/model.\n\`opencode models\` lists them.`,
  );
}
