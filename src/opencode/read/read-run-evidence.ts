import { fieldsOf, isFields } from "../../text/json-fields.js";
import { type RunEvidence, runEvidence } from "../schema/run-evidence.js";

/**
 * How a run ended, as it was kept. Of one that went on a server or ended by itself without anything to tell, all is
 * looked at by hand: to load the schema takes longer than to read the session.
 *
 * @throws {ZodError} when it is none
 */
export function runEvidenceIn(value: unknown): RunEvidence {
  return wholeRun(value) ?? runEvidence.parse(value);
}

/** What such a run may have, in the schema's order; whatever else is there the schema reads, or leaves out. */
const FIELDS = [
  "id",
  "attempt",
  "opencode",
  "streamErrors",
  "exit",
  "startedAt",
  "endedAt",
  "readyAt",
  "lock",
  "stderr",
];
const TEXTS = ["id", "opencode", "stderr"];
const NUMBERS = ["attempt", "startedAt", "endedAt", "readyAt"];

/** A run that is just so; undefined for any other. */
export function wholeRun(value: unknown): RunEvidence | undefined {
  if (!isFields(value) || !hasOnly(value, FIELDS)) return undefined;
  const { stderr, startedAt, endedAt, streamErrors, exit, lock } = value;
  for (const [name, one] of Object.entries(value)) {
    if (TEXTS.includes(name) && typeof one !== "string") return undefined;
    if (NUMBERS.includes(name) && !Number.isFinite(one)) return undefined;
  }
  if (typeof stderr !== "string" || typeof startedAt !== "number" || typeof endedAt !== "number") return undefined;
  if (!Array.isArray(streamErrors) || streamErrors.length > 0) return undefined;
  const how = wholeExit(exit);
  const waited = lock === undefined ? undefined : wholeLock(lock);
  if (how === undefined || ("lock" in value && waited === undefined)) return undefined;
  // As the schema orders them: what is kept again stays as it is.
  const ordered = Object.fromEntries(FIELDS.flatMap((name) => (name in value ? [[name, value[name]]] : [])));
  return { ...ordered, stderr, startedAt, endedAt, streamErrors: [], exit: how, ...(waited ? { lock: waited } : {}) };
}

function wholeExit(exit: unknown): RunEvidence["exit"] | undefined {
  const { kind, code } = fieldsOf(exit);
  if (kind === "served" && hasOnly(fieldsOf(exit), ["kind"])) return { kind };
  if (kind !== "exited" || typeof code !== "number" || !Number.isFinite(code)) return undefined;
  return hasOnly(fieldsOf(exit), ["kind", "code"]) ? { kind, code } : undefined;
}

function wholeLock(lock: unknown): RunEvidence["lock"] {
  const { start, end } = fieldsOf(lock);
  if (typeof start !== "number" || typeof end !== "number" || !hasOnly(fieldsOf(lock), ["start", "end"]))
    return undefined;
  return Number.isFinite(start) && Number.isFinite(end) ? { start, end } : undefined;
}

function hasOnly(fields: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return Object.keys(fields).every((name) => names.includes(name));
}
