import { InvalidExportError } from "../errors/invalid-export-error.js";
import type { SessionTree, SessionTreeV1 } from "../opencode/session.js";
import { type LoopContext, loopsOf } from "./build-loop.js";
import type { Evidence } from "./evidence.js";
import type { LoopTrace, SessionFacts } from "./model.js";
import { permissionsBySession } from "./permissions.js";
import { logBySession } from "./session-log.js";
import { traceIdOf } from "./span-id.js";

/**
 * Computes the traces of a session: one a turn, with the loops of its subagents inside.
 *
 * A pure function: the same export with the same evidence gives the same traces, byte for byte, on every machine.
 *
 * @param tree the session with the sessions of its subagents, as `assembleSessions` puts them together
 * @param evidence what is known beside the export; it makes times better and errors clearer and changes no id
 * @returns the traces in the order of the turns; then those of subagents' sessions that can stand in none
 *   of them, alone so that nothing is lost
 * @throws {InvalidExportError} for a session of opencode 2
 */
export function traceSession(tree: SessionTree, evidence: Evidence = {}): readonly LoopTrace[] {
  const { log, runs = [], mcpServers = [] } = evidence;
  return tracesOf(ofGeneration1(tree), {
    logs: logBySession(log, runs),
    permissions: permissionsBySession(runs),
    servers: mcpServers,
    runs,
  });
}

function ofGeneration1({ session, children }: SessionTree): SessionTreeV1 {
  if (session.generation === 1) return { session, children: children.map(ofGeneration1) };
  throw new InvalidExportError(
    session.info.id,
    "this session is of opencode 2. This version of looptrace reads it, but makes traces only of sessions of opencode 1.",
  );
}

function tracesOf(tree: SessionTreeV1, context: LoopContext): readonly LoopTrace[] {
  const { loops, unclaimed } = loopsOf(tree, context);
  const traces = loops.map(
    (loop, turn): LoopTrace => ({
      traceId: traceIdOf(loop.sessionId, loop.userMessageId),
      session: sessionFacts(tree, turn, loops.length),
      loop,
    }),
  );
  const alone = unclaimed.flatMap((child) => tracesOf(child, { ...context, runs: [] }));
  return [...traces, ...alone];
}

function sessionFacts({ session }: SessionTreeV1, turn: number, turns: number): SessionFacts {
  const { info, unread } = session;
  const counts: Record<string, number> = {};
  for (const [type, count] of Object.entries(unread.partTypes)) counts[`part ${type}`] = count;
  for (const [role, count] of Object.entries(unread.roles)) counts[`role ${role}`] = count;
  return {
    id: info.id,
    title: info.title,
    directory: info.directory,
    opencodeVersion: info.version,
    projectId: info.projectID ?? null,
    parentId: info.parentID ?? null,
    turn,
    turns,
    unread: counts,
  };
}
