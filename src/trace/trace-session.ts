import type { Evidence } from "../opencode/evidence.js";
import { type Session, sessionModel } from "../opencode/model.js";
import type { SessionTree } from "../opencode/session.js";
import { type LoopContext, loopsOf } from "./build-loop.js";
import { withCacheCauses } from "./cache-causes.js";
import { littleOf, shapeKeeper } from "./lasting-shapes.js";
import type { LoopTrace, SessionFacts } from "./model.js";
import { permissionsBySession } from "./permissions.js";
import { traceIdOf } from "./span-id.js";
import { withWireTables } from "./wire-tables.js";

/** What a trace shall hold beside what all hold. */
export interface TraceWishes {
  /**
   * All messages of each recorded request, and in the spans all of them as a call's input instead of what is new;
   * default false.
   */
  readonly fullInput?: boolean | undefined;
}

/**
 * Computes the traces of a session: one a turn, with the loops of its subagents inside.
 *
 * A pure function: the same export with the same evidence gives the same traces, byte for byte, on every machine.
 *
 * @param tree the session with the sessions of its subagents, as `assembleSessions` puts them together
 * @param evidence what is known beside the export; it makes times better and errors clearer and changes no id
 * @param wishes what the traces shall hold beside what all hold
 * @returns the traces in the order of the turns; then those of subagents' sessions that can stand in none
 *   of them, alone so that nothing is lost
 */
export function traceSession(
  tree: SessionTree,
  evidence: Evidence = {},
  wishes: TraceWishes = {},
): readonly LoopTrace[] {
  keepShapes(() => {
    const few = beginningOf(tree);
    const session = sessionModel(few, {});
    return [few, session, traceModel(session)];
  });
  return traceModel(sessionModel(tree, evidence), evidence, wishes);
}

const keepShapes = shapeKeeper();

function beginningOf({ session }: SessionTree): SessionTree {
  return session.generation === 1
    ? { session: { ...session, messages: littleOf(session.messages) }, children: [] }
    : { session: { ...session, messages: littleOf(session.messages) }, children: [] };
}

/** The same of a session that has been read already. */
export function traceModel(
  session: Session,
  evidence: Evidence = {},
  { fullInput }: TraceWishes = {},
): readonly LoopTrace[] {
  const { runs = [], mcpServers = [], wire } = evidence;
  const traces = tracesOf(session, { permissions: permissionsBySession(runs), servers: mcpServers });
  if (!wire) return traces;
  const caused = withCacheCauses(traces, wire, mcpServers);
  return caused.map((trace) => withWireTables(trace, wire, mcpServers, fullInput));
}

function tracesOf(session: Session, context: LoopContext): readonly LoopTrace[] {
  const { loops, unclaimed } = loopsOf(session, context);
  const traces = loops.map(
    (loop, turn): LoopTrace => ({
      traceId: traceIdOf(loop.sessionId, loop.userMessageId),
      session: sessionFacts(session, turn, loops.length),
      loop,
    }),
  );
  return [...traces, ...unclaimed.flatMap((child) => tracesOf(child, context))];
}

function sessionFacts(session: Session, turn: number, turns: number): SessionFacts {
  const { id, title, directory, opencodeVersion, projectId, parentId, unread } = session;
  return { id, title, directory, opencodeVersion, projectId, parentId, turn, turns, unread };
}
