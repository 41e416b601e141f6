import { InvalidExportError } from "../../src/errors/invalid-export-error.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import type { SessionExport } from "../../src/opencode/schema/exported-session.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { createRandom, type Random } from "../bench/random.js";
import { fixtureNames, loadFixture } from "../support/fixtures.js";
import { expectSound } from "../trace/invariants.js";
import type { AttackResult } from "./support/attack.js";
import { mutateBytes, mutateJson } from "./support/mutate.js";

export const name = "exports";

const ROUNDS = 1_500;
/** Beyond this one file would take all the time. */
const LARGEST_CHARACTERS = 400_000;

/**
 * Mutated exports of real sessions: each either gives sound traces or is refused by an error that says what is wrong.
 * Nothing else is thrown.
 */
export async function run(): Promise<AttackResult> {
  const failures: string[] = [];
  let tried = 0;
  let refused = 0;
  let traces = 0;
  for (const fixture of fixtureNames) {
    const { text, subagentTexts, log } = loadFixture(fixture);
    if (text.length > LARGEST_CHARACTERS) continue;
    const family = subagentTexts.flatMap((one) => readExport(one, fixture));
    for (let seed = 1; seed <= ROUNDS; seed += 1) {
      tried += 1;
      const random = createRandom(seed);
      const mutated = mutate(text, random);
      try {
        traces += soundTraces(mutated, family, seed % 2 === 0 ? { log } : {});
      } catch (error) {
        if (isRefusal(error)) refused += 1;
        else failures.push(`${fixture}, seed ${seed}: ${reasonOf(error)}`);
      }
    }
  }
  const figures = [
    `${tried} mutated exports: ${refused} refused by an error that says what is wrong, ${traces} sound traces of the others`,
  ];
  return { figures, failures: failures.slice(0, 20) };
}

function mutate(text: string, random: Random): string {
  // More of the first kind: what is no JSON is refused early.
  return random.next() < 0.85 ? JSON.stringify(mutateJson(JSON.parse(text), random)) : mutateBytes(text, random);
}

function soundTraces(
  text: string,
  family: readonly SessionExport[],
  evidence: Parameters<typeof traceSession>[1],
): number {
  const session = readExport(text, "mutated.json");
  let count = 0;
  for (const tree of assembleSessions([session, ...family])) {
    for (const trace of traceSession(tree, evidence)) {
      expectSound(trace);
      count += 1;
    }
  }
  return count;
}

/** It names the file, and what is to be found there. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof InvalidExportError && /^mutated\.json: .{15,}/s.test(error.message) && error.message.length < 2_000
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 600) : String(error);
}
