import type { Interval } from "../opencode/model.js";
import { covered } from "../trace/intervals.js";
import type { InnerCall, Loop, LoopTrace, OwnPhase, PhaseKind, Timing, Tool } from "../trace/model.js";
import { loopsIn } from "./loop-parts.js";
import { percentile } from "./percentiles.js";
import { phaseName } from "./phase-texts.js";
import { isOf2, withSameTools } from "./same-tools.js";
import { type PlacedStep, placedSteps } from "./step-path.js";

/** How tools that are of no known MCP server are called among the servers. */
const NO_SERVER = { opencode: "opencode", provider: "provider", unknown: "unknown" } as const;
const TAKEN: ReadonlySet<string> = new Set(Object.values(NO_SERVER));

/** The figures of some tool calls; plain data, as `--json` prints it. Times in ms, of calls that ended. */
export interface ToolStats {
  /** All of them, those without an end too. */
  readonly calls: number;
  /** Of the calls that ended, those that failed. */
  readonly errors: number;
  /** Calls without an end: their time is in none of the figures. */
  readonly unfinished: number;
  /** Calls of scripts (opencode's code mode) of whose time nothing is recorded: it is in none of the figures. */
  readonly withoutTime: number;
  /** Of the calls that ended, those of whose time only a bound is known; all times are estimated if there is one. */
  readonly boundedCalls: number;
  /** Calls that started a subagent: its time is in theirs, and its own tools are counted too. */
  readonly subagentCalls: number;
  /** Percentiles by nearest rank; null where no call ended. */
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  /** Overlaps count as often as there are calls. */
  readonly totalMs: number;
  /** How long at least one of the calls was at work while its turn was; overlaps count once. */
  readonly busyMs: number;
  /** `busyMs` of the turns' whole time, 0 to 1; null where the turns took no time. */
  readonly share: number | null;
  /** How much of `totalMs` was waiting for a permission; 0 also where opencode's events were not followed. */
  readonly permissionWaitMs: number;
}

export interface ToolRow extends ToolStats {
  /**
   * The tool's name, or both where opencode 2 has it under another one and sessions of both generations are counted
   * (`bash, shell`); the server's where tools are put together by server.
   */
  readonly name: string;
  /**
   * The MCP server, as configured; else `opencode` for its own tools, `provider` for what the model's provider ran by
   * itself, `unknown` for a plugin's tool and for that of a server which is not known.
   */
  readonly server: string;
}

export interface SlowCall {
  readonly tool: string;
  readonly server: string;
  readonly durationMs: number;
  /** How much of it was waiting for permission; null where it is not known to have asked for any. */
  readonly permissionWaitMs: number | null;
  readonly timing: Timing;
  /** ms since the epoch. */
  readonly start: number;
  readonly failure: { readonly kind: string; readonly message: string } | null;
  readonly withSubagent: boolean;
  /** The session, and the turn in it from 0, that `looptrace show` is to be asked for. */
  readonly sessionId: string;
  readonly turn: number;
  /** How many turns the session has. */
  readonly turns: number;
  /** The way to the step, for `looptrace show --step`. */
  readonly step: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly callId: string;
  readonly arguments: unknown;
}

export interface ToolReport {
  readonly groupedBy: "tool" | "server";
  readonly sessions: number;
  /** Turns that a fork copied from another session are not among them, and nothing in them is counted. */
  readonly turns: number;
  readonly copiedTurns: number;
  /** Subagents whose sessions the input lacks, so that their tools are not counted. */
  readonly missingSubagents: number;
  /** How long the turns took together, in ms. */
  readonly durationMs: number;
  /** The one that took the most time first. */
  readonly tools: readonly ToolRow[];
  /** All calls together. */
  readonly total: ToolStats;
  /**
   * What opencode itself was at, subagents' included, by phase (`opencode.loading`): `calls` are its stretches. What
   * took the most time first; in none of the sums.
   */
  readonly own: readonly ToolRow[];
  readonly slowest: readonly SlowCall[];
}

/** A table that is filled trace by trace and keeps of each only what it needs: durations, and the slowest calls. */
export interface ToolTable {
  add(trace: LoopTrace): void;
  report(): ToolReport;
}

/** @param slowest how many of the slowest calls are kept, with their arguments */
export function toolTable(options: { readonly by: ToolReport["groupedBy"]; readonly slowest: number }): ToolTable {
  const groups = new Map<string, Group>();
  const total = emptySums();
  const ownPhases = new Map<PhaseKind, Sums>();
  const sessions = new Set<string>();
  const generations = new Set<boolean>();
  let slowest: SlowCall[] = [];
  let [turns, copiedTurns, missingSubagents, durationMs] = [0, 0, 0, 0];

  const add = (trace: LoopTrace): void => {
    const { loop, session } = trace;
    sessions.add(session.id);
    if (loop.copied) {
      copiedTurns += 1;
      return;
    }
    turns += 1;
    generations.add(isOf2(session.opencodeVersion));
    durationMs += loop.end - loop.start;
    missingSubagents += loop.totalsWithSubagents.missingSubagents;
    const placed = placedSteps(loop, (one) => !one.copied).flatMap((one) =>
      one.step.tools.map((tool) => ({ placed: one, tool })),
    );
    const all = placed.map(({ tool }) => tool);
    const inner = all.flatMap(({ innerCalls }) => innerCalls);
    const byGroup = new Map<string, { readonly server: string; readonly tools: Tool[]; readonly inner: InnerCall[] }>();
    const groupOf = (name: string, server: string) => {
      const key = options.by === "server" ? server : name;
      const group = byGroup.get(key) ?? { server, tools: [], inner: [] };
      byGroup.set(key, group);
      return group;
    };
    for (const tool of all) groupOf(tool.name, serverOf(tool)).tools.push(tool);
    for (const call of inner) groupOf(call.name, serverOfInner(call)).inner.push(call);
    for (const [name, { server, tools, inner: calls }] of byGroup) {
      const group = groups.get(name) ?? { server, sums: emptySums() };
      groups.set(name, group);
      addTo(group.sums, tools, loop);
      addInner(group.sums, calls);
    }
    addTo(total, all, loop);
    addInner(total, inner);
    addPhases(ownPhases, loop);
    const calls = placed.filter(({ tool }) => hasEnded(tool)).map((one) => slowCall(one.tool, one.placed, trace));
    const bySlowness = (a: SlowCall, b: SlowCall): number => b.durationMs - a.durationMs || a.start - b.start;
    slowest = [...slowest, ...calls].sort(bySlowness).slice(0, options.slowest);
  };

  const report = (): ToolReport => ({
    groupedBy: options.by,
    sessions: sessions.size,
    turns,
    copiedTurns,
    missingSubagents,
    durationMs,
    tools: [...(generations.size === 2 && options.by === "tool" ? withSameTools(groups, together) : groups)]
      .map(([name, { server, sums }]): ToolRow => ({ name, server, ...figuresOf(sums, durationMs) }))
      .sort((a, b) => b.totalMs - a.totalMs || b.calls - a.calls || (a.name < b.name ? -1 : 1)),
    total: figuresOf(total, durationMs),
    own: [...ownPhases]
      .map(([kind, sums]) => ({ name: phaseName(kind), server: NO_SERVER.opencode, ...figuresOf(sums, durationMs) }))
      .sort((a, b) => b.totalMs - a.totalMs),
    slowest,
  });
  return { add, report };
}

interface Sums {
  calls: number;
  errors: number;
  bounded: number;
  subagents: number;
  busyMs: number;
  permissionWaitMs: number;
  withoutTime: number;
  /** Of the calls that ended. */
  readonly durations: number[];
}

interface Group {
  readonly server: string;
  readonly sums: Sums;
}

/** Both in one: they are of other sessions, so that none was busy while the other was. */
function together({ server, sums: a }: Group, { sums: b }: Group): Group {
  return {
    server,
    sums: {
      calls: a.calls + b.calls,
      errors: a.errors + b.errors,
      bounded: a.bounded + b.bounded,
      subagents: a.subagents + b.subagents,
      busyMs: a.busyMs + b.busyMs,
      permissionWaitMs: a.permissionWaitMs + b.permissionWaitMs,
      withoutTime: a.withoutTime + b.withoutTime,
      durations: [...a.durations, ...b.durations],
    },
  };
}

function emptySums(): Sums {
  return {
    ...{ calls: 0, errors: 0, bounded: 0, subagents: 0, busyMs: 0, permissionWaitMs: 0, withoutTime: 0 },
    durations: [],
  };
}

/** What a script called is done in the script's own time: it makes nothing busy that is not busy anyway. */
function addInner(sums: Sums, calls: readonly InnerCall[]): void {
  for (const { outcome, durationMs } of calls) {
    sums.calls += 1;
    if (outcome === "failed") sums.errors += 1;
    if (durationMs !== null) sums.durations.push(durationMs);
    else if (outcome !== "unfinished") sums.withoutTime += 1;
  }
}

function addTo(sums: Sums, tools: readonly Tool[], turn: Interval): void {
  const ended = tools.filter(hasEnded);
  sums.calls += tools.length;
  sums.errors += ended.filter(({ outcome }) => outcome === "failed").length;
  sums.bounded += ended.filter(({ timing }) => timing === "bounded").length;
  sums.subagents += tools.filter(startedSubagent).length;
  sums.busyMs += covered(ended, turn);
  for (const { start, end, permissionWaitMs } of ended) {
    sums.durations.push(end - start);
    sums.permissionWaitMs += permissionWaitMs ?? 0;
  }
}

/** A fork's copy of a turn has none. */
function addPhases(phases: Map<PhaseKind, Sums>, turn: Loop): void {
  const byKind = new Map<PhaseKind, OwnPhase[]>();
  for (const loop of loopsIn(turn))
    for (const phase of [...loop.phases, ...loop.steps.flatMap((step) => step.phases)]) {
      const some = byKind.get(phase.kind);
      if (some) some.push(phase);
      else byKind.set(phase.kind, [phase]);
    }
  for (const [kind, some] of byKind) {
    const sums = phases.get(kind) ?? emptySums();
    phases.set(kind, sums);
    sums.calls += some.length;
    sums.bounded += some.filter(({ timing }) => timing === "bounded").length;
    sums.busyMs += covered(some, turn);
    for (const { start, end } of some) sums.durations.push(end - start);
  }
}

function figuresOf(
  { calls, errors, bounded, subagents, busyMs, permissionWaitMs, withoutTime, durations }: Sums,
  turnsMs: number,
): ToolStats {
  const sorted = durations.toSorted((a, b) => a - b);
  return {
    calls,
    errors,
    unfinished: calls - sorted.length - withoutTime,
    withoutTime,
    boundedCalls: bounded,
    subagentCalls: subagents,
    p50Ms: percentile(sorted, 50) ?? null,
    p90Ms: percentile(sorted, 90) ?? null,
    p99Ms: percentile(sorted, 99) ?? null,
    maxMs: sorted.at(-1) ?? null,
    totalMs: sorted.reduce((sum, ms) => sum + ms, 0),
    busyMs,
    share: turnsMs > 0 ? busyMs / turnsMs : null,
    permissionWaitMs,
  };
}

function slowCall(tool: Tool, { path }: PlacedStep, { traceId, session }: LoopTrace): SlowCall {
  return {
    tool: tool.name,
    server: serverOf(tool),
    durationMs: tool.end - tool.start,
    permissionWaitMs: tool.permissionWaitMs,
    timing: tool.timing,
    start: tool.start,
    failure: tool.failure && { kind: tool.failure.kind, message: tool.failure.message },
    withSubagent: startedSubagent(tool),
    sessionId: session.id,
    turn: session.turn,
    turns: session.turns,
    step: path,
    traceId,
    spanId: tool.spanId,
    callId: tool.callId,
    arguments: tool.input,
  };
}

function hasEnded({ outcome }: Tool): boolean {
  return outcome !== "unfinished";
}

function startedSubagent({ childSessionId, loops }: Tool): boolean {
  return childSessionId !== null || loops.length > 0;
}

function serverOf({ origin, server }: Tool): string {
  if (server === null) return origin === "mcp" ? NO_SERVER.unknown : NO_SERVER[origin];
  return origin === "provider" ? `${server} (${NO_SERVER.provider})` : serverName(server);
}

function serverOfInner({ server }: InnerCall): string {
  return server === null ? NO_SERVER.unknown : serverName(server);
}

/** A server may be called as no server is. */
function serverName(server: string): string {
  return TAKEN.has(server) ? `${server} (MCP server)` : server;
}
