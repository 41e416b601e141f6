import type { FieldDifference } from "../langfuse/verify/compare-span.js";
import { type SpanFinding, type TraceVerdict, verdictOf } from "../langfuse/verify/verify-trace.js";
import { columnsOf } from "../text/columns.js";
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
  const which = `${oneLine(traceId)}  ${oneLine(sessionId)} turn ${turn + 1}`;
  const result = `${plural(spans, "span")}${findings.length === 0 ? "" : ":"} ${summaryOf(findings)}`;
  // A terminal of 100 columns or less would cut what is told.
  const head = columnsOf(which) + 2 + columnsOf(result) <= width ? [`${which}  ${result}`] : [which, `  ${result}`];
  const tone = state === "same" ? "plain" : state === "waiting" ? "warning" : "failed";
  const isAbsent = spans > 0 && findings.filter(isNotThere).length === spans;
  const told = isAbsent ? findings.filter((finding) => !isNotThere(finding)) : findings;
  const shown = told.slice(0, MOST_FINDINGS).flatMap(linesOf);
  const more = told.length - MOST_FINDINGS;
  const lines = [
    ...(isAbsent ? ["  Nothing of it is in Langfuse."] : []),
    ...shown,
    ...(more > 0 ? [`  … and ${plural(more, "more finding")}; --json has them`] : []),
  ];
  return [
    ...head.map((line) => inTone(shortenTo(line, width), tone, colors)),
    ...lines.map((line) => colors.dim(shortenTo(line, width))),
    ...remediesOf(verdict).map((line) => `  ${line}`),
  ].join("\n");
}

/** Whether it is about a span that Langfuse does not have. */
function isNotThere({ kind }: SpanFinding): boolean {
  return kind === "missing" || kind === "pending" || kind === "unsent";
}

/** What brings there what is not there. */
function remediesOf({ sessionId, findings }: TraceVerdict): readonly string[] {
  const kinds = new Set(findings.map(({ kind }) => kind));
  const session = oneLine(sessionId);
  // It sends what was not sent as well.
  if (kinds.has("missing")) return [`\`looptrace trace --force ${session}\` sends the session again.`];
  if (kinds.has("unsent")) return [`\`looptrace trace ${session}\` sends what was not sent.`];
  return kinds.has("pending") ? ["It was sent less than a minute ago; --wait 1m waits for it."] : [];
}

/** All traces together, and what was not looked at. */
export function verdictsText(verdicts: readonly TraceVerdict[]): string {
  const spans = verdicts.reduce((sum, one) => sum + one.spans, 0);
  const findings = verdicts.flatMap((one) => one.findings);
  const same = verdicts.filter((one) => verdictOf(one) === "same").length;
  if (same === verdicts.length)
    return `All ${plural(spans, "span")} of ${plural(verdicts.length, "trace")} are in Langfuse, once and as they are here.\n${NOT_LOOKED_AT}`;
  const others = verdicts.filter((one) => verdictOf(one) !== "same").reduce((sum, one) => sum + one.spans, 0);
  const result = `Traces in Langfuse as they are here: ${count(same)} of ${count(verdicts.length)}.`;
  return `${result} Of the ${plural(others, "span")} of the rest: ${summaryOf(findings)}.\n${NOT_LOOKED_AT}`;
}

const NOT_LOOKED_AT = "Scores and files are not looked at.";

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
