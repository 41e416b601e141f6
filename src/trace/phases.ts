/** Cuts what is known of opencode's own work to the time that nothing else took, so that each moment counts once. */
import type { Interval, OwnWork, PhaseKind } from "../opencode/model.js";
import type { TimeAccount } from "./figures.js";
import type { OwnPhase, OwnTime } from "./own-phase.js";
import { spanIdOf } from "./span-id.js";

/**
 * What a moment counts for where several are known of it: what is told most exactly goes first, what only follows from
 * where a moment lies goes last.
 */
export const PHASE_KINDS: readonly PhaseKind[] = [
  "lock",
  "mcp",
  "snapshot",
  "loading",
  "starting",
  "compaction",
  "saving",
  "prompt",
  "title",
  "ending",
];

const RANKS: ReadonlyMap<PhaseKind, number> = new Map(PHASE_KINDS.map((kind, rank) => [kind, rank]));

/** Where phases are looked for. */
export interface PhaseScope {
  readonly sessionId: string;
  readonly turnId: string;
  readonly bounds: Interval;
  /** When models, tools, waits and retries were at work. */
  readonly busy: readonly Interval[];
  /** Moments at which a phase is cut in two, such as the ends of steps. */
  readonly cuts: readonly number[];
}

/** Where a stretch begins or ends: of work, or, where that is undefined, of what keeps it out; or a cut. */
interface Edge {
  readonly at: number;
  readonly kind: "opens" | "closes" | "cuts";
  readonly of: OwnWork | undefined;
}

/** The phases in time's order: within the bounds, without overlaps among each other and with what was busy. */
export function phasesIn(work: readonly OwnWork[], scope: PhaseScope): readonly OwnPhase[] {
  const { sessionId, turnId, bounds, busy, cuts } = scope;
  const edges: Edge[] = [];
  const add = ({ start, end }: Interval, of: OwnWork | undefined): void => {
    const from = Math.max(start, bounds.start);
    const to = Math.min(end, bounds.end);
    if (to > from) edges.push({ at: from, kind: "opens", of }, { at: to, kind: "closes", of });
  };
  for (const one of work) add(one, one);
  if (edges.length === 0) return [];
  for (const one of busy) add(one, undefined);
  for (const at of cuts) edges.push({ at, kind: "cuts", of: undefined });
  edges.sort((a, b) => a.at - b.at);
  const found: { start: number; end: number; readonly by: OwnWork }[] = [];
  const open: OwnWork[] = [];
  let hindrances = 0;
  let cutAt = Number.NaN;
  edges.forEach(({ at, kind, of }, index) => {
    if (kind === "cuts") cutAt = at;
    else if (!of) hindrances += kind === "opens" ? 1 : -1;
    else if (kind === "opens") open.push(of);
    else open.splice(open.indexOf(of), 1);
    const end = edges[index + 1]?.at ?? at;
    const by = hindrances > 0 || end === at ? undefined : firstOf(open);
    if (!by) return;
    const last = found.at(-1);
    const goesOn = last?.end === at && last.by.kind === by.kind && last.by.evidence === by.evidence && cutAt !== at;
    if (last && goesOn) last.end = end;
    else found.push({ start: at, end, by });
  });
  return found.map(({ start, end, by: { kind, timing, evidence } }) => ({
    spanId: spanIdOf("phase", sessionId, `${turnId}/${kind}/${start}`),
    kind,
    start,
    end,
    timing,
    evidence,
  }));
}

/** What a moment counts for. @param open what is known of it, by when that began: there are a few at most */
function firstOf(open: readonly OwnWork[]): OwnWork | undefined {
  let first: OwnWork | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const one of open) {
    const rank = RANKS.get(one.kind) ?? PHASE_KINDS.length;
    if (rank >= least) continue;
    first = one;
    least = rank;
  }
  return first;
}

/** An account's `other` by phases. @param phases those of its time, without overlaps */
export function ownTimeOf({ other }: Pick<TimeAccount, "other">, phases: readonly OwnPhase[]): OwnTime {
  const times = new Map<PhaseKind, number>();
  let named = 0;
  for (const { kind, start, end } of phases) {
    times.set(kind, (times.get(kind) ?? 0) + end - start);
    named += end - start;
  }
  const ordered = PHASE_KINDS.flatMap((kind) => (times.has(kind) ? [[kind, times.get(kind)] as const] : []));
  return { ...Object.fromEntries(ordered), other: other - named };
}
