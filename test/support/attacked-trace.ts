import { readExport } from "../../src/opencode/read/read-export.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { loadFixture } from "./fixtures.js";

/** All text that people, models, tools and file systems put into an export; ids, types, times and numbers stay. */
const FREE = new Set([
  ...["title", "directory", "agent", "mode", "modelID", "providerID", "variant", "text", "output", "error"],
  ...["filePath", "command", "description", "prompt", "tool", "callID", "message", "filename", "url", "path"],
  ...["version", "reason", "finish", "responseBody", "cwd", "root", "slug", "diff", "oldString", "newString"],
]);

export interface AttackOptions {
  /** How many characters stay of each text between the attacks, in UTF-16 code units; all by default. */
  readonly keep?: number;
  /** Whether arguments get a key of the attack's own too, as a model may choose any; true by default. */
  readonly keys?: boolean;
}

/** The traces of a recorded session in which every free text begins and ends with `attack`. */
export function attackedTraces(fixture: string, attack: string, options: AttackOptions = {}): readonly LoopTrace[] {
  const { text, subagentTexts } = loadFixture(fixture);
  const [session, ...others] = [text, ...subagentTexts].map((one) =>
    readExport(JSON.stringify(withAttack(JSON.parse(one), attack, options, false)), fixture),
  );
  if (!session) throw new Error(`no session in ${fixture}`);
  return traceSession({ session, children: others.map((child) => ({ session: child, children: [] })) });
}

function withAttack(value: unknown, attack: string, options: AttackOptions, free: boolean): unknown {
  if (typeof value === "string") return free ? `${attack}${value.slice(0, options.keep)}${attack}` : value;
  if (Array.isArray(value)) return value.map((item) => withAttack(item, attack, options, free));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    // A task's name stays: it is what makes its subagent stand below it.
    key === "tool" && item === "task" ? item : withAttack(item, attack, options, free || FREE.has(key)),
  ]);
  return Object.fromEntries(free && options.keys !== false ? [...entries, [attack, attack]] : entries);
}
