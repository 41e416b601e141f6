/** When a provider says it may be asked again. */
export interface RetryAfter {
  /** Milliseconds to wait, counted from the error; between 0 and 24 h. */
  readonly delayMs: number;
  readonly source: "retry-after-ms" | "retry-after" | "retry-info" | "default";
  /** Whether what was said was absurd (negative, not a time, over 24 h) and had to be bounded. */
  readonly bounded: boolean;
}

/** What is assumed when a provider does not say: a minute, the window of most rate limits. */
export const DEFAULT_RETRY_DELAY_MS = 60_000;
/** The longest wait that is believed. */
export const MAX_RETRY_DELAY_MS = 24 * 60 * 60 * 1000;

/**
 * Reads the wait out of `retry-after-ms`, else `retry-after` (seconds or an HTTP date), else the body's
 * `google.rpc.RetryInfo`. The first one that is a time counts: the order in which opencode itself looks.
 *
 * @param headers the response headers, names in any case; anything else counts as no headers
 * @param occurredAt when the error occurred, milliseconds since the Unix epoch: what an HTTP date is measured from
 * @param retryInfo the `retryDelay` of the body, such as `"26s"`
 * @returns `null` when the provider said nothing at all
 */
export function readRetryAfter(headers: unknown, occurredAt: number, retryInfo?: string): RetryAfter | null {
  const said = [
    { source: "retry-after-ms", text: header(headers, "retry-after-ms"), read: milliseconds },
    { source: "retry-after", text: header(headers, "retry-after"), read: secondsOrDate },
    { source: "retry-info", text: retryInfo, read: duration },
  ] as const;
  for (const { source, text, read } of said) {
    const delay = text === undefined ? undefined : read(text, occurredAt);
    if (delay !== undefined) return bound(delay, source);
  }
  if (said.every(({ text }) => text === undefined)) return null;
  return { delayMs: DEFAULT_RETRY_DELAY_MS, source: "default", bounded: true };
}

function bound(delay: number, source: RetryAfter["source"]): RetryAfter {
  const delayMs = Math.ceil(Math.min(Math.max(delay, 0), MAX_RETRY_DELAY_MS));
  return { delayMs, source, bounded: delay < 0 || delay > MAX_RETRY_DELAY_MS };
}

/** One header's value by its name in any case; an empty value counts as absent. */
export function header(headers: unknown, name: string): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() !== name) continue;
    const text = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
    if (text !== "") return text;
  }
  return undefined;
}

const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;

function milliseconds(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

function secondsOrDate(text: string, occurredAt: number): number | undefined {
  if (NUMBER.test(text)) return Number(text) * 1000;
  const date = httpDate(text);
  return date === undefined ? undefined : date - occurredAt;
}

function duration(text: string): number | undefined {
  const seconds = /^(-?\d+(?:\.\d+)?)s$/.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

// `Date.parse` alone takes "5 apples" for a day in May. Only the forms of RFC 9110 and ISO 8601 with a zone count.
const WITH_ZONE = /^(?:[A-Z][a-z]{2,8},? .+ (?:GMT|UTC)|\d{4}-\d\d-\d\dT.+(?:Z|[+-]\d\d:?\d\d))$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

function httpDate(text: string): number | undefined {
  if (!WITH_ZONE.test(text) && !ASCTIME.test(text)) return undefined;
  const at = Date.parse(ASCTIME.test(text) ? `${text} GMT` : text);
  return Number.isNaN(at) ? undefined : at;
}
