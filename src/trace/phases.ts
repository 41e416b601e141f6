/** Cuts what is known of opencode's own work to the time that nothing else took, so that each moment counts once. */
import type { Interval, OwnWork, PhaseKind } from "../opencode/model.js";
import type { TimeAccount } from "./figures.js";
import { united } from "./intervals.js";
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

/** A phase that may yet become longer. */
interface Growing extends OwnPhase {
  end: number;
}

/**
 * The phases in time's order: within the bounds, without overlaps among each other and with what was busy.
 *
 * Goes from one moment at which anything changes to the next, past all lists at once: a long turn has tens of thousands
 * of stretches, which are in order already, and a few of them are known of any moment.
 */
export function phasesIn(work: readonly OwnWork[], scope: PhaseScope): readonly OwnPhase[] {
  const { sessionId, turnId, bounds } = scope;
  const stretches = lyingIn(work, bounds);
  if (stretches.length === 0) return NO_PHASES;
  const holes = united(scope.busy);
  const cuts = inOrder(scope.cuts);
  const found: Growing[] = [];
  const beginnings: { [Kind in PhaseKind]?: string } = {};
  let last: Growing | undefined;
  // Which are known of a moment, and how many: a list that is cut to nothing gets new room for the next one.
  const open: OwnWork[] = [];
  let known = 0;
  let at = bounds.start;
  let [nextStretch, nextHole, nextCut] = [0, 0, 0];
  for (;;) {
    let coming = stretches[nextStretch];
    if (known === 0) {
      if (!coming) break;
      at = Math.max(at, coming.start);
    }
    for (; coming && coming.start <= at; coming = stretches[nextStretch]) {
      open[known] = coming;
      known += 1;
      nextStretch += 1;
    }
    known = withoutEnded(open, known, at, bounds.end);
    if (known === 0) continue;
    let busyUntil = holes[nextHole + 1];
    for (; busyUntil !== undefined && busyUntil <= at; busyUntil = holes[nextHole + 1]) nextHole += 2;
    const busyFrom = holes[nextHole] ?? Infinity;
    if (busyUntil !== undefined && busyFrom <= at) {
      at = busyUntil;
      continue;
    }
    let cut = cuts[nextCut];
    for (; cut !== undefined && cut <= at; cut = cuts[nextCut]) nextCut += 1;
    let end = Math.min(bounds.end, coming?.start ?? Infinity, busyFrom, cut ?? Infinity);
    for (let index = 0; index < known; index += 1) end = Math.min(end, open[index]?.end ?? Infinity);
    const by = firstOf(open, known);
    const isSame = last?.end === at && last.kind === by?.kind && last.evidence === by.evidence;
    if (last && isSame && cuts[nextCut - 1] !== at) last.end = end;
    else if (by) {
      const { kind, timing, evidence } = by;
      beginnings[kind] ??= `${turnId}/${kind}/`;
      const spanId = spanIdOf("phase", sessionId, beginnings[kind], String(at));
      last = { spanId, kind, start: at, end, timing, evidence };
      found.push(last);
    }
    at = end;
  }
  return found;
}

const NO_PHASES: readonly OwnPhase[] = [];

/** What lies in the bounds, if only for a part: by its start there, of several those first that stand first. */
function lyingIn(work: readonly OwnWork[], bounds: Interval): readonly OwnWork[] {
  const stretches: OwnWork[] = [];
  let isAscending = true;
  let before = Number.NEGATIVE_INFINITY;
  for (const one of work) {
    const start = Math.max(one.start, bounds.start);
    // Of what is no number, neither is more.
    if (!(Math.min(one.end, bounds.end) > start)) continue;
    stretches.push(one);
    isAscending &&= start >= before;
    before = start;
  }
  if (isAscending) return stretches;
  const startOf = ({ start }: OwnWork): number => Math.max(start, bounds.start);
  return stretches.sort((a, b) => startOf(a) - startOf(b));
}

function inOrder(moments: readonly number[]): readonly number[] {
  if (moments.every((at, index) => at >= (moments[index - 1] ?? at))) return moments;
  return moments.filter((at) => !Number.isNaN(at)).sort((a, b) => a - b);
}

/**
 * @param known how many there are
 * @param until where nothing goes on any more
 * @returns how many are left
 */
function withoutEnded(open: OwnWork[], known: number, at: number, until: number): number {
  let left = 0;
  for (let index = 0; index < known; index += 1) {
    const one = open[index];
    if (!one || one.end <= at || until <= at) continue;
    open[left] = one;
    left += 1;
  }
  return left;
}

/** What a moment counts for. @param open what is known of it, by when that began: there are a few at most */
function firstOf(open: readonly OwnWork[], known: number): OwnWork | undefined {
  if (known === 1) return open[0];
  let first: OwnWork | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < known; index += 1) {
    const one = open[index];
    if (!one) continue;
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
  const ordered: { [Kind in PhaseKind]?: number } = {};
  for (const kind of PHASE_KINDS) {
    const time = times.get(kind);
    if (time !== undefined) ordered[kind] = time;
  }
  return Object.assign(ordered, { other: other - named });
}
