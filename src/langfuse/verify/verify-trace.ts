import type { Observation } from "../api/observation.js";
import { ObservationTree } from "../read/observation-tree.js";
import { compareSpan, type FieldDifference } from "./compare-span.js";
import type { SentSpan } from "./sent-spans.js";

/** What is wrong with one span in Langfuse. */
export type SpanFinding =
  /** It was taken, and is not there. */
  | { readonly kind: "missing"; readonly spanId: string; readonly name: string }
  /** It was taken less than a minute ago, and is not to be seen yet. */
  | { readonly kind: "pending"; readonly spanId: string; readonly name: string }
  /** It is not there, and nothing here tells that it was ever sent. */
  | { readonly kind: "unsent"; readonly spanId: string; readonly name: string }
  /** It is there more than once; until Langfuse has merged them its metrics count each. */
  | { readonly kind: "doubled"; readonly spanId: string; readonly name: string; readonly times: number }
  | {
      readonly kind: "different";
      readonly spanId: string;
      readonly name: string;
      readonly fields: readonly FieldDifference[];
    }
  /** It is there under one of looptrace's names, and the session has no such span. */
  | { readonly kind: "unexpected"; readonly spanId: string; readonly name: string };

/** One trace in Langfuse, held against the local truth. */
export interface TraceVerdict {
  readonly traceId: string;
  readonly sessionId: string;
  /** From 0. */
  readonly turn: number;
  /** How many spans it should have there. */
  readonly spans: number;
  readonly findings: readonly SpanFinding[];
}

/** What is known here of a trace's delivery. */
export interface Delivered {
  /** Ids of spans that Langfuse has acknowledged. */
  readonly spanIds: ReadonlySet<string>;
  /** When the last of them was, ms since the epoch; null where none was. */
  readonly lastAt: number | null;
}

/** So long it may take until something is to be seen that was taken, in ms. */
const VISIBLE_WITHIN_MS = 60_000;

/** Names that looptrace gives. */
const OWN_NAME = /^(?:opencode\.loop\b|loop\.step-\d+$|llm-call-\d+$|other-call$|tool\.|retry$)/;

/**
 * Holds what Langfuse has of a trace against what would be sent of it now.
 *
 * @param spans what belongs there: without what is at work still
 * @param open ids of spans that are at work still: they may be there or not
 * @param now ms since the epoch
 */
export function verifyTrace(
  about: Pick<TraceVerdict, "traceId" | "sessionId" | "turn">,
  spans: readonly SentSpan[],
  found: readonly Observation[],
  { delivered, open, now }: { readonly delivered: Delivered; readonly open: ReadonlySet<string>; readonly now: number },
): TraceVerdict {
  const { all } = new ObservationTree(found);
  const byId = new Map(all.map((one) => [one.id, one]));
  const times = new Map<string, number>();
  for (const { id } of found) times.set(id, (times.get(id) ?? 0) + 1);
  const isYoung = delivered.lastAt !== null && now - delivered.lastAt < VISIBLE_WITHIN_MS;
  const findings: SpanFinding[] = [];
  for (const span of spans) {
    const { spanId, name } = span;
    const remote = byId.get(spanId);
    if (!remote) {
      const wasTaken = delivered.spanIds.has(spanId);
      findings.push({ kind: !wasTaken ? "unsent" : isYoung ? "pending" : "missing", spanId, name });
      continue;
    }
    const often = times.get(spanId) ?? 1;
    if (often > 1) findings.push({ kind: "doubled", spanId, name, times: often });
    const fields = compareSpan(span, remote);
    if (fields.length > 0) findings.push({ kind: "different", spanId, name, fields });
  }
  const expected = new Set([...spans.map(({ spanId }) => spanId), ...open]);
  for (const { id, name } of all)
    if (!expected.has(id) && OWN_NAME.test(name ?? ""))
      findings.push({ kind: "unexpected", spanId: id, name: name ?? "" });
  return { ...about, spans: spans.length, findings };
}

/** Whether a trace is there as it should be, is not there yet, or is not as it should be. */
export function verdictOf({ findings }: Pick<TraceVerdict, "findings">): "same" | "waiting" | "wrong" {
  const isWaiting = ({ kind }: SpanFinding): boolean => kind === "pending" || kind === "unsent";
  return findings.length === 0 ? "same" : findings.every(isWaiting) ? "waiting" : "wrong";
}
