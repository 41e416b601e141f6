import type { SessionExport, SessionTree } from "./schema/session-export.js";

/**
 * Puts the sessions of subagents below the sessions that started them.
 *
 * @param exports sessions in any order; one that stands there twice counts once, the fuller one
 * @returns the sessions without a parent among the given ones, in the order given, with their descendants
 */
export function assembleSessions(exports: readonly SessionExport[]): SessionTree[] {
  const byId = new Map<string, SessionExport>();
  for (const session of exports) {
    const known = byId.get(session.info.id);
    if (!known || known.messages.length < session.messages.length) byId.set(session.info.id, session);
  }
  const parentOf = new Map<string, string>();
  for (const session of byId.values()) {
    // The child's own word first; a sanitised parent has lost its links, a child never has.
    const parent = session.info.parentID;
    if (parent !== undefined && byId.has(parent)) parentOf.set(session.info.id, parent);
  }
  const childrenOf = new Map<string, SessionExport[]>();
  for (const [child, parent] of parentOf) {
    const session = byId.get(child);
    if (session) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), session]);
  }
  const grow = (session: SessionExport, above: ReadonlySet<string>): SessionTree => ({
    session,
    children: (childrenOf.get(session.info.id) ?? [])
      .filter((child) => !above.has(child.info.id))
      .map((child) => grow(child, new Set([...above, child.info.id]))),
  });
  const roots = [...byId.values()].filter(
    (session) => !parentOf.has(session.info.id) || inCycle(session.info.id, parentOf),
  );
  return roots.map((session) => grow(session, new Set([session.info.id])));
}

/** The sessions that a session's `task` tools started, as far as the export knows. */
export function childSessionIds(session: SessionExport): string[] {
  const ids = new Set<string>();
  for (const message of session.messages) {
    for (const part of message.parts) {
      if (part.type !== "tool" || part.state.status === "pending") continue;
      const id = part.state.metadata?.sessionId;
      if (part.tool === "task" && typeof id === "string") ids.add(id);
    }
  }
  return [...ids];
}

/** Only damaged or made-up exports name each other as parents; they then stand alone instead of vanishing. */
function inCycle(id: string, parentOf: ReadonlyMap<string, string>): boolean {
  const seen = new Set<string>();
  for (let at = parentOf.get(id); at !== undefined && !seen.has(at); at = parentOf.get(at)) {
    if (at === id) return true;
    seen.add(at);
  }
  return false;
}
