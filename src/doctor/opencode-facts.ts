import { dirname, join } from "node:path";
import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { messageOf } from "../errors/thrown.js";
import {
  createRunFolder,
  type FindOptions,
  otherGeneration,
  readVersion,
  searchOpenCode,
} from "../opencode/program.js";
import type { OpenCodeFacts } from "./facts.js";

/** Looks for the opencode that a run would start and for one of the other generation, and asks them for their version. */
export async function openCodeFacts(options: FindOptions): Promise<OpenCodeFacts> {
  try {
    const { path, passedOver } = searchOpenCode(options);
    const folder = await createRunFolder();
    try {
      const { version, generation, problem } = await readVersion(path, folder, options.environment, options.directory);
      return {
        kind: "found",
        path,
        from: whereFrom(path, options),
        version,
        problem,
        passedOver,
        other: await otherGeneration({ path, generation }, options, folder),
      };
    } finally {
      await folder.remove();
    }
  } catch (error) {
    if (error instanceof OpenCodeNotFoundError)
      return { kind: "missing", problem: error.problem, looked: error.looked };
    // No folder for temporary files, most likely: no run could begin either.
    return { kind: "missing", problem: `opencode cannot be tried: ${messageOf(error)}`, looked: [] };
  }
}

function whereFrom(path: string, { explicit, environment }: FindOptions): string {
  if (explicit !== undefined) return '--opencode or "opencode" in looptrace.config.json';
  if (environment.LOOPTRACE_OPENCODE) return "LOOPTRACE_OPENCODE";
  return dirname(path).endsWith(join("node_modules", ".bin")) ? "node_modules/.bin" : "PATH";
}
