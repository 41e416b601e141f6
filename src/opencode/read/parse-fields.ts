import type { z } from "zod";
import { InvalidExportError } from "../../errors/invalid-export-error.js";
import { isFields } from "../../text/json-fields.js";

/**
 * What a schema makes of a value. A field that is null is one that is missing.
 *
 * @param path where the value stands, for errors
 * @throws {InvalidExportError} that says which field is missing or of a wrong type, or holds no time
 */
export function parseFields<S extends z.ZodType>(schema: S, value: unknown, source: string, path: string): z.output<S> {
  const result = schema.safeParse(withoutNulls(value));
  if (result.success) {
    const field = unusableTime(value);
    if (field === undefined) return result.data;
    throw new InvalidExportError(source, `${path}${field} is no time in ms since the epoch.`);
  }
  const issue = result.error.issues[0];
  const field = issue?.path.map((key) => `.${String(key)}`).join("") ?? "";
  throw new InvalidExportError(
    source,
    `${path}${field}: ${whatIsWrong(issue)}. The trace depends on this field; if opencode itself wrote it, please report it with the version of opencode.`,
    { cause: result.error },
  );
}

function whatIsWrong(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== "invalid_type") return issue?.message ?? "unreadable";
  return issue.message.endsWith("received undefined") ? `missing, a ${issue.expected} should be there` : issue.message;
}

/** A field that is null is one that is missing: opencode's database has columns that may be. */
function withoutNulls(value: unknown): unknown {
  if (!isFields(value)) return value;
  for (const key in value) {
    if (value[key] === null) return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
  }
  return value;
}

/** What OTLP can say: 64 bits of ns since the epoch, which is the year 2554. */
const LATEST_MS = 18_446_744_073_709;

/** The times that spans are made of; others, such as `archived`, are opencode's own affair. */
const SPAN_TIMES = ["created", "completed", "start", "end", "streamed", "ran"] as const;

/** opencode keeps the times of a message or a part in `time`, those of a tool in 1.x in `state.time`. */
function unusableTime(value: unknown): string | undefined {
  if (!isFields(value)) return undefined;
  const own = unusableIn(value.time);
  if (own !== undefined) return `.time.${own}`;
  const ofState = isFields(value.state) ? unusableIn(value.state.time) : undefined;
  return ofState === undefined ? undefined : `.state.time.${ofState}`;
}

function unusableIn(time: unknown): string | undefined {
  if (!isFields(time)) return undefined;
  return SPAN_TIMES.find((name) => {
    const at = time[name];
    return typeof at === "number" && !isSpanTime(at);
  });
}

/** Whether a number is a time that a span can be made of. */
export function isSpanTime(at: number): boolean {
  return at >= 0 && at <= LATEST_MS;
}
