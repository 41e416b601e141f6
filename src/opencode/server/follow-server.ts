import { followSessions2 } from "../v2/server/follow-sessions.js";
import { isServerOf2 } from "../v2/server/is-server-of-2.js";
import { connect, type ServerConnection } from "./connection.js";
import type { StreamTrouble } from "./event-stream.js";
import { followSessions } from "./follow-sessions.js";
import { directoryOf } from "./follow-state.js";
import type { FollowedServer, FollowServerHooks, WorkingSession } from "./followed-server.js";
import { mcpServersOf } from "./mcp-servers.js";
import { readSessionFrom } from "./read-session.js";
import { familyOf, type MirroredSession, rawExports, rootOf, treeOf } from "./session-mirror.js";

/**
 * Mirrors the sessions of a server that are at work, and tells of those that come to rest. Which generation of opencode
 * it is is asked where it has no events of 1.x: so a server that is away at first, or comes back as the other
 * generation, is followed as what it is then.
 */
export function followServer(connection: ServerConnection, hooks: FollowServerHooks): FollowedServer {
  const { signal } = hooks;
  const leaving = new AbortController();
  let asked: Promise<void> | undefined;
  const ask = async (trouble: StreamTrouble): Promise<void> => {
    if (await isServerOf2(connection, signal)) leaving.abort();
    else if (!signal.aborted) hooks.onTrouble?.(trouble);
    asked = undefined;
  };
  const ends = AbortSignal.any([signal, leaving.signal]);
  let followed: FollowedServer = followServerOf1(connection, {
    ...hooks,
    signal: ends,
    onTrouble: (trouble) => {
      if (trouble.kind !== "not-events") hooks.onTrouble?.(trouble);
      else asked ??= ask(trouble);
    },
  });
  const ended = followed.ended.then(async () => {
    await asked;
    if (signal.aborted || !leaving.signal.aborted) return;
    followed = followSessions2(connection, hooks);
    await followed.ended;
  });
  return {
    evidence: () => followed.evidence(),
    roots: () => followed.roots(),
    isAtWork: (id) => followed.isAtWork(id),
    family: (id) => followed.family(id),
    directoryOf: (id) => followed.directoryOf(id),
    tree: (id) => followed.tree(id),
    raw: (id) => followed.raw(id),
    read: (id, patience) => followed.read(id, patience),
    mcpServers: (directory, patience) => followed.mcpServers(directory, patience),
    working: () => followed.working(),
    ended,
  };
}

function followServerOf1(connection: ServerConnection, hooks: FollowServerHooks): FollowedServer {
  const followed = followSessions(connection, hooks);
  const mirror = () => followed.mirror;
  return {
    evidence: () => followed.evidence,
    roots: () => [...new Set([...mirror().keys()].map((id) => rootOf(mirror(), id)))],
    isAtWork: (rootId) => mirror().has(rootId) && mirror().get(rootId)?.status.type !== "idle",
    family: (rootId) => familyOf(mirror(), rootId),
    directoryOf: (rootId) => directoryOf(mirror(), rootId),
    tree: (rootId) => treeOf(mirror(), rootId),
    raw: (rootId) => rawExports(mirror(), rootId),
    read: async (rootId, signal) =>
      await readSessionFrom(await connect(connection), rootId, signal, (id) => mirror().get(id)?.messages ?? []),
    mcpServers: async (directory, signal) =>
      await mcpServersOf(await connect(connection, directory), { added: true, signal }),
    working: () => [...mirror().values()].flatMap((session) => workOf(session) ?? []),
    ended: followed.ended,
  };
}

function workOf({ info, messages, status }: MirroredSession): WorkingSession | undefined {
  if (status.type === "idle") return undefined;
  const prompt = messages.findLastIndex((message) => message.info.role === "user");
  const steps = messages.length - prompt - 1;
  const parts = steps > 0 ? (messages.at(-1)?.parts ?? []) : [];
  const running = parts.filter(({ type, state }) => type === "tool" && statusOf(state) === "running");
  return {
    id: info.id,
    title: typeof info.title === "string" ? info.title : undefined,
    isSubagent: Boolean(info.parentID),
    step: Math.max(0, steps - 1),
    retry: status.type === "retry" ? status : undefined,
    tools: running.flatMap(({ tool }) => (typeof tool === "string" ? [tool] : [])),
    isAnswering: parts.some(({ type }) => type === "text" || type === "reasoning" || type === "tool"),
  };
}

function statusOf(state: unknown): unknown {
  return typeof state === "object" && state !== null && "status" in state ? state.status : undefined;
}
