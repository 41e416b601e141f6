import { type Masking, maskFor } from "../masking/mask.js";
import { asMasked, type Masked, maskedLike } from "../masking/masked.js";
import { textPieces } from "../masking/text-pieces.js";
import { type Evidence, type RunEvidence, readLogEvidence } from "../opencode/evidence.js";
import { assembleSessions, type SessionExport, type SessionTree } from "../opencode/session.js";
import type { LoopTrace } from "../trace/model.js";
import { type TraceWishes, traceSession } from "../trace/trace-session.js";
import { wireMasking } from "../wire/masking/mask-wire.js";
import type { WireEvidence } from "../wire/model.js";
import { mergeWires } from "../wire/recording/combine.js";

/** A session with what is known beside it. */
export interface LoadedSession {
  /** The session with those of its subagents. */
  readonly tree: SessionTree;
  /** What is known beside it: opencode's log, how runs ended, what was sent to models. */
  readonly evidence: Evidence;
}

/** What is known of a session beside its exports. */
export interface SessionEvidence {
  readonly logText: string;
  readonly runs: readonly RunEvidence[];
  /** The names of the MCP servers that opencode had; undefined where nothing is known of them. */
  readonly mcpServers?: readonly string[] | undefined;
  /** What was sent to models; undefined where it was not recorded. */
  readonly wire?: WireEvidence | undefined;
}

/** What is known of one root session, before subagents are put in their places. */
export interface FoundSession extends SessionEvidence {
  readonly sessions: readonly SessionExport[];
  /** What of all this the rules of this looptrace have masked when it was kept: sessions, runs, the log, the servers. */
  readonly maskedByRules?: readonly unknown[];
}

/** Puts subagents' sessions in their places, with the evidence of all that they were found in. */
export function assembleFound(found: readonly FoundSession[]): readonly LoadedSession[] {
  const trees = assembleSessions(found.flatMap(({ sessions }) => sessions));
  return trees.map((tree) => {
    const ids = new Set(flattenTree(tree).map(({ info }) => info.id));
    const own = found.filter(({ sessions }) => sessions.some(({ info }) => ids.has(info.id)));
    return { tree, evidence: readEvidence(own) };
  });
}

/**
 * Masks a session as it was found, also one that was stored by a looptrace that masked less. What is kept masked by the
 * rules of this one is looked through for what is known to be secret alone.
 */
export async function maskFound(
  { sessions, maskedByRules = [], logText, runs, mcpServers, wire }: FoundSession,
  masking: Masking,
): Promise<Masked<FoundSession>> {
  const found = { sessions, logText, runs, mcpServers };
  const sent = wireMasking(wire);
  const isKnown = new Set(maskedByRules);
  const parts = [...sessions, logText, ...runs, mcpServers].filter((part) => part !== undefined && part !== "");
  const known = [...textPieces(parts.filter((part) => isKnown.has(part))), ...sent.known];
  const rest = parts.filter((part) => !isKnown.has(part));
  const mask = await maskFor([...rest, ...sent.values], masking, known);
  return asMasked({ ...mask(found), ...(wire ? { wire: sent.masked(mask) } : {}) }, masking);
}

/** What a trace is computed with. */
export function readEvidence(parts: readonly SessionEvidence[]): Evidence {
  const wire = mergeWires(parts.map((part) => part.wire));
  return {
    ...(wire ? { wire } : {}),
    log: readLogEvidence(parts.map(({ logText }) => logText).join("\n")),
    runs: parts.flatMap(({ runs }) => runs),
    mcpServers: parts.flatMap(({ mcpServers = [] }) => mcpServers),
  };
}

/** The traces of a masked session, which need no masking of their own. */
export function traceLoaded(
  session: Masked<LoadedSession>,
  { fullInput }: TraceWishes = {},
): readonly Masked<LoopTrace>[] {
  return traceSession(session.tree, session.evidence, { fullInput }).map((trace) => maskedLike(trace, session));
}

/** The traces of a session as it was recorded. */
export function traceRecorded(
  recorded: Masked<{ readonly tree: SessionTree; readonly evidence: SessionEvidence }>,
): readonly Masked<LoopTrace>[] {
  const { tree, evidence } = recorded;
  return traceLoaded(maskedLike({ tree, evidence: readEvidence([evidence]) }, recorded));
}

/** The session itself, then those of its subagents. */
export function flattenTree(tree: SessionTree): readonly SessionExport[] {
  return [tree.session, ...tree.children.flatMap(flattenTree)];
}
