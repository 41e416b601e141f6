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

/** Where a stretch begins or ends: of work, or of what keeps it out; or a cut. */
interface Edge {
  readonly at: number;
  readonly opens: boolean;
  readonly of: OwnWork | "busy" | "cut";
}

/** The phases in time's order: within the bounds, without overlaps among each other and with what was busy. */
export function phasesIn(work: readonly OwnWork[], scope: PhaseScope): readonly OwnPhase[] {
  const { sessionId, turnId, bounds, busy, cuts } = scope;
  const edges: Edge[] = [];
  const add = ({ start, end }: Interval, of: OwnWork | "busy"): void => {
    const [from, to] = [Math.max(start, bounds.start), Math.min(end, bounds.end)];
    if (to > from) edges.push({ at: from, opens: true, of }, { at: to, opens: false, of });
  };
  for (const one of work) add(one, one);
  if (edges.length === 0) return [];
  for (const one of busy) add(one, "busy");
  for (const at of cuts) edges.push({ at, opens: false, of: "cut" });
  edges.sort((a, b) => a.at - b.at);
  const cut = new Set(cuts);
  const found: { start: number; end: number; readonly by: OwnWork }[] = [];
  const open = new Map<PhaseKind, Set<OwnWork>>(PHASE_KINDS.map((kind) => [kind, new Set()]));
  let hindrances = 0;
  edges.forEach(({ at, opens, of }, index) => {
    if (of === "busy") hindrances += opens ? 1 : -1;
    else if (of !== "cut") open.get(of.kind)?.[opens ? "add" : "delete"](of);
    const end = edges[index + 1]?.at ?? at;
    const by = hindrances > 0 || end === at ? undefined : firstOf(open);
    if (!by) return;
    const last = found.at(-1);
    const goesOn = last?.end === at && last.by.kind === by.kind && last.by.evidence === by.evidence && !cut.has(at);
    if (last && goesOn) last.end = end;
    else found.push({ start: at, end, by });
  });
  return found.map(({ start, end, by: { kind, timing, evidence } }) => ({
    spanId: spanIdOf("phase", sessionId, `${turnId}/${kind}/${start}`),
    ...{ kind, start, end, timing, evidence },
  }));
}

function firstOf(open: ReadonlyMap<PhaseKind, ReadonlySet<OwnWork>>): OwnWork | undefined {
  for (const some of open.values()) for (const one of some) return one;
  return undefined;
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
