import { dirname, join } from "node:path";
import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { messageOf } from "../errors/thrown.js";
import {
  createRunFolder,
  type FindOptions,
  type Generation,
  otherOpenCodes,
  readVersion,
  searchOpenCode,
} from "../opencode/program.js";
import type { OpenCodeFacts } from "./facts.js";

/** So many are asked for their version at most. */
const MOST_OTHERS = 4;

/** Looks for the opencode that a run would start and for one of the other generation, and asks them for their version. */
export async function openCodeFacts(options: FindOptions): Promise<OpenCodeFacts> {
  try {
    const { path, passedOver } = searchOpenCode(options);
    const folder = await createRunFolder();
    try {
      const ask = (one: string) => readVersion(one, folder, options.environment);
      const { version, generation, problem } = await ask(path);
      return {
        kind: "found",
        path,
        from: whereFrom(path, options),
        version,
        problem,
        passedOver,
        other: await ofAnotherGeneration(generation, otherOpenCodes(path, options), ask),
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

async function ofAnotherGeneration(
  known: Generation,
  paths: readonly string[],
  ask: (path: string) => ReturnType<typeof readVersion>,
): Promise<{ readonly path: string; readonly version: string } | undefined> {
  for (const path of paths.slice(0, MOST_OTHERS)) {
    // One that does not start is in nobody's way.
    const answer = await ask(path).catch(() => undefined);
    if (answer?.version && answer.generation !== known) return { path, version: answer.version };
  }
  return undefined;
}

function whereFrom(path: string, { explicit, environment }: FindOptions): string {
  if (explicit !== undefined) return '--opencode or "opencode" in looptrace.config.json';
  if (environment.LOOPTRACE_OPENCODE) return "LOOPTRACE_OPENCODE";
  return dirname(path).endsWith(join("node_modules", ".bin")) ? "node_modules/.bin" : "PATH";
}
