/** What tools have come to in some turns. */
import { percentile } from "../percentiles.js";
import { isOf2, withSameTools } from "../same-tools.js";
import type { SessionFacts, ToolFacts, TurnFacts } from "../session-facts.js";
import type { StatsKey } from "./dimensions.js";

/** The calls of one tool; plain data, as `--json` prints it. Times in ms, of calls that ended. */
export interface ToolStatsRow {
  readonly key: StatsKey;
  /** Its name, or both where opencode 2 has it under another one (`bash, shell`). */
  readonly tool: string;
  readonly calls: number;
  readonly failed: number;
  /** Calls without an end, or of whose time nothing is recorded. */
  readonly withoutTime: number;
  /** By nearest rank; null where no call has a time. */
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly maxMs: number | null;
  /** Overlaps count as often as there are calls. */
  readonly totalMs: number;
}

interface Sums {
  readonly calls: number;
  readonly failed: number;
  readonly durations: readonly number[];
}

interface Group {
  readonly key: StatsKey;
  readonly tools: Map<string, { calls: number; failed: number; durations: number[] }>;
}

export class ToolSums {
  readonly #groups = new Map<string, Group>();
  readonly #generations = new Set<boolean>();

  add(key: StatsKey, { opencode }: SessionFacts, { tools }: TurnFacts): void {
    if (tools.length > 0) this.#generations.add(isOf2(opencode));
    const text = JSON.stringify(key);
    const group = this.#groups.get(text) ?? { key, tools: new Map() };
    this.#groups.set(text, group);
    for (const tool of tools) addTo(group.tools, tool);
  }

  /** What took most time first. */
  rows(): readonly ToolStatsRow[] {
    return [...this.#groups.values()].flatMap(({ key, tools }) => {
      const named = this.#generations.size === 2 ? withSameTools<Sums>(tools, together) : tools;
      return [...named]
        .map(([tool, sums]) => rowOf(key, tool, sums))
        .sort((a, b) => b.totalMs - a.totalMs || b.calls - a.calls || (a.tool < b.tool ? -1 : 1));
    });
  }
}

function addTo(tools: Group["tools"], { name, count, failed, durations }: ToolFacts): void {
  const sums = tools.get(name) ?? { calls: 0, failed: 0, durations: [] };
  tools.set(name, sums);
  sums.calls += count;
  sums.failed += failed;
  for (const ms of durations) sums.durations.push(ms);
}

function together(a: Sums, b: Sums): Sums {
  return { calls: a.calls + b.calls, failed: a.failed + b.failed, durations: [...a.durations, ...b.durations] };
}

function rowOf(key: StatsKey, tool: string, { calls, failed, durations }: Sums): ToolStatsRow {
  const sorted = durations.toSorted((a, b) => a - b);
  return {
    ...{ key, tool, calls, failed, withoutTime: calls - sorted.length },
    p50Ms: percentile(sorted, 50) ?? null,
    p90Ms: percentile(sorted, 90) ?? null,
    maxMs: sorted.at(-1) ?? null,
    totalMs: sorted.reduce((sum, ms) => sum + ms, 0),
  };
}
