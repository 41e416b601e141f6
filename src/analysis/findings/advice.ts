import type { CsvCell } from "../../text/csv.js";
import { plural } from "../../text/format.js";
import { addCost } from "../../trace/usage.js";
import type { Finding } from "./finding.js";
import { type SessionFindings, type SessionSize, shareOf } from "./session-findings.js";

/** The same finding of one or more sessions; plain data, as `--json` prints it. */
export interface AdviceItem extends Finding {
  /** How many sessions have it. */
  readonly sessions: number;
  /** Where its evidence is from: of several the one with the largest share. */
  readonly sessionId: string;
}

/** What could have been spared in some sessions; plain data, as `--json` prints it. */
export interface Advice {
  /** How many were looked at. */
  readonly sessions: number;
  /** Calls of models that were looked at. */
  readonly calls: number;
  /** Those of them whose requests were recorded. */
  readonly recordedCalls: number;
  /** The one with the largest share first. */
  readonly findings: readonly AdviceItem[];
}

/** What is the same in several sessions stands once, with its sums; its share is that of all sessions together. */
export function adviceOf(sessions: readonly SessionFindings[]): Advice {
  const size = sessions.reduce<SessionSize>(
    (sum, one) => ({
      usd: addCost(sum.usd, one.size.usd),
      tokens: sum.tokens + one.size.tokens,
      ms: sum.ms + one.size.ms,
    }),
    { usd: null, tokens: 0, ms: 0 },
  );
  const groups = new Map<string, { readonly finding: Finding; readonly sessionId: string }[]>();
  for (const { findings, sessionId } of sessions) {
    for (const finding of findings) {
      const key = JSON.stringify([finding.kind, finding.subject]);
      const known = groups.get(key);
      if (known) known.push({ finding, sessionId });
      else groups.set(key, [{ finding, sessionId }]);
    }
  }
  return {
    sessions: sessions.length,
    calls: sessions.reduce((sum, { calls }) => sum + calls, 0),
    recordedCalls: sessions.reduce((sum, { recordedCalls }) => sum + recordedCalls, 0),
    findings: [...groups.values()]
      .map((group) => together(group, sessions, size))
      .toSorted((a, b) => b.share - a.share || b.sessions - a.sessions),
  };
}

function together(
  group: readonly { readonly finding: Finding; readonly sessionId: string }[],
  all: readonly SessionFindings[],
  size: SessionSize,
): AdviceItem {
  const [first, ...more] = group.toSorted((a, b) => b.finding.share - a.finding.share);
  if (!first) throw new RangeError("A group of findings has at least one.");
  const findings = [first, ...more].map(({ finding }) => finding);
  const sums = {
    tokens: findings.reduce<number | null>((sum, { tokens }) => addCost(sum, tokens), null),
    ms: findings.reduce<number | null>((sum, { ms }) => addCost(sum, ms), null),
    usd: findings.reduce<number | null>((sum, { usd }) => addCost(sum, usd), null),
  };
  const sessions = new Set(group.map(({ sessionId }) => sessionId)).size;
  return {
    ...first.finding,
    ...sums,
    where: group.flatMap(({ finding }) => finding.where),
    share: shareOf(sums, size),
    evidence: [...first.finding.evidence, ...usedElsewhere(first.finding, all)],
    sessions,
    sessionId: first.sessionId,
  };
}

/** A server that other sessions called is to be switched off only where it is not needed. */
function usedElsewhere({ kind, subject }: Finding, all: readonly SessionFindings[]): readonly string[] {
  const using = kind === "unused-server" ? all.filter(({ servers }) => servers.includes(subject)).length : 0;
  return using === 0 ? [] : [`${plural(using, "other session")} called it`];
}

const COLUMNS: readonly (readonly [name: string, cell: (item: AdviceItem) => CsvCell])[] = [
  ["kind", ({ kind }) => kind],
  ["subject", ({ subject }) => subject],
  ["title", ({ title }) => title],
  ["sessions", ({ sessions }) => sessions],
  ["places", ({ where }) => where.length],
  ["tokens", ({ tokens }) => tokens],
  ["durationMs", ({ ms }) => ms],
  ["costUsd", ({ usd }) => usd],
  ["share", ({ share }) => share],
  ["advice", ({ advice }) => advice],
];

/** The head of the table that `adviceCsv` fills; what the columns mean says `AdviceItem`. */
export const ADVICE_COLUMNS = COLUMNS.map(([name]) => name);

/** A row for each finding. */
export function adviceCsv({ findings }: Advice): readonly (readonly CsvCell[])[] {
  return findings.map((item) => COLUMNS.map(([, cell]) => cell(item)));
}
