import { dirname, join } from "node:path";
import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { createRunFolder, type FindOptions, readVersion, searchOpenCode } from "../opencode/program.js";
import type { OpenCodeFacts } from "./facts.js";

/** Looks for the opencode that a run would start, and asks it for its version. */
export async function openCodeFacts(options: FindOptions): Promise<OpenCodeFacts> {
  try {
    const { path, passedOver } = searchOpenCode(options);
    const folder = await createRunFolder();
    try {
      const { version, problem } = await readVersion(path, folder, options.environment);
      return {
        kind: "found",
        path,
        from: whereFrom(path, options),
        version,
        problem,
        passedOver,
      };
    } finally {
      await folder.remove();
    }
  } catch (error) {
    if (error instanceof OpenCodeNotFoundError)
      return { kind: "missing", problem: error.problem, looked: error.looked };
    // No folder for temporary files, most likely: no run could begin either.
    const problem = error instanceof Error ? error.message : String(error);
    return { kind: "missing", problem: `opencode cannot be tried: ${problem}`, looked: [] };
  }
}

function whereFrom(path: string, { explicit, environment }: FindOptions): string {
  if (explicit !== undefined) return '--opencode or "opencode" in looptrace.config.json';
  if (environment.LOOPTRACE_OPENCODE) return "LOOPTRACE_OPENCODE";
  return dirname(path).endsWith(join("node_modules", ".bin")) ? "node_modules/.bin" : "PATH";
}
