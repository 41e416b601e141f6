import type { FieldDifference } from "../langfuse/verify/compare-span.js";
import { type SpanFinding, type TraceVerdict, verdictOf } from "../langfuse/verify/verify-trace.js";
import { count, plural } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import type { PaintOptions } from "./paint-tree.js";
import { inTone } from "./tones.js";

/** Of one trace so many findings are told of; --json has all. */
const MOST_FINDINGS = 20;
const MOST_FIELDS = 5;
/** So much of a value is shown. */
const MOST_VALUE = 60;

/** What was found of one trace: a line, and below it one for each finding. */
export function paintVerdict(verdict: TraceVerdict, { width, colors }: PaintOptions): string {
  const { traceId, sessionId, turn, spans, findings } = verdict;
  const state = verdictOf(verdict);
  const head = `${oneLine(traceId)}  ${oneLine(sessionId)} turn ${turn + 1}  ${plural(spans, "span")}  ${summaryOf(findings)}`;
  const tone = state === "same" ? "plain" : state === "waiting" ? "warning" : "failed";
  const shown = findings.slice(0, MOST_FINDINGS).flatMap(linesOf);
  const more = findings.length - MOST_FINDINGS;
  const lines = more > 0 ? [...shown, `  … and ${plural(more, "more finding")}; --json has them`] : shown;
  return [
    inTone(shortenTo(head, width), tone, colors),
    ...lines.map((line) => colors.dim(shortenTo(line, width))),
  ].join("\n");
}

/** All traces together, on one line. */
export function verdictsText(verdicts: readonly TraceVerdict[]): string {
  const spans = verdicts.reduce((sum, one) => sum + one.spans, 0);
  const findings = verdicts.flatMap((one) => one.findings);
  const same = verdicts.filter((one) => verdictOf(one) === "same").length;
  if (same === verdicts.length)
    return `All ${plural(spans, "span")} of ${plural(verdicts.length, "trace")} are in Langfuse, once and as they are here.`;
  return `${count(same)} of ${plural(verdicts.length, "trace")} are in Langfuse as they are here; of the others: ${summaryOf(findings)}.`;
}

const WORDS: Readonly<Record<SpanFinding["kind"], string>> = {
  missing: "missing",
  pending: "not visible yet",
  unsent: "not sent from here",
  doubled: "there more than once",
  different: "different",
  unexpected: "not in the session",
};

function summaryOf(findings: readonly SpanFinding[]): string {
  if (findings.length === 0) return "ok";
  const times = new Map<SpanFinding["kind"], number>();
  for (const { kind } of findings) times.set(kind, (times.get(kind) ?? 0) + 1);
  return [...times].map(([kind, many]) => `${count(many)} ${WORDS[kind]}`).join(", ");
}

function linesOf(finding: SpanFinding): readonly string[] {
  const { kind, name, spanId } = finding;
  const times = kind === "doubled" ? ` (${finding.times} times)` : "";
  const head = `  ${oneLine(name)} [${oneLine(spanId)}] is ${WORDS[kind]}${times}`;
  if (kind !== "different") return [head];
  const { fields } = finding;
  const more = fields.length - MOST_FIELDS;
  return [
    head,
    ...fields.slice(0, MOST_FIELDS).map((field) => `    ${fieldText(field)}`),
    ...(more > 0 ? [`    … and ${plural(more, "more field")}`] : []),
  ];
}

function fieldText({ field, local, remote }: FieldDifference): string {
  return `${oneLine(field)}: here ${valueText(local)}, in Langfuse ${valueText(remote)}`;
}

function valueText(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  const line = oneLine(text.slice(0, MOST_VALUE));
  return text.length > MOST_VALUE ? `${line}…` : line;
}
