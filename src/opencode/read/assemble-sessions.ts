import { InvalidExportError } from "../../errors/invalid-export-error.js";
import type { SessionExport, SessionTree } from "../schema/exported-session.js";
import { subagentSessionIds } from "../v2/read/subagent-session.js";
import { taskSessionId } from "./task-session.js";

/** What is nested deeper could not be walked through by everybody who gets it. */
const DEEPEST = 100;

/**
 * Puts the sessions of subagents below the sessions that started them.
 *
 * @param exports sessions in any order; one that stands there twice counts once, the fuller one
 * @throws {InvalidExportError} when they are nested deeper than real subagents are
 * @returns the sessions without a parent among the given ones, in the order given, with their descendants
 */
export function assembleSessions(exports: readonly SessionExport[]): SessionTree[] {
  const byId = new Map<string, SessionExport>();
  for (const session of exports) {
    const known = byId.get(session.info.id);
    if (!known || isFuller(session, known)) byId.set(session.info.id, session);
  }
  const parentOf = new Map<string, string>();
  const named = new Map<string, string>();
  for (const session of byId.values()) {
    for (const child of childSessionIds(session)) if (!named.has(child)) named.set(child, session.info.id);
  }
  for (const session of byId.values()) {
    const { id, parentID } = session.info;
    // The child's own word first: a sanitised parent has lost its links, and a fork has those of the session it copied.
    const parent = parentID ?? named.get(id);
    if (parent !== undefined && byId.has(parent)) parentOf.set(id, parent);
  }
  const childrenOf = new Map<string, SessionExport[]>();
  const below = new Set<string>();
  for (const [child, parent] of parentOf) {
    const session = byId.get(child);
    // Only damaged or made-up exports name each other as parents; they then stand alone instead of vanishing.
    if (!session || inCycle(child, parentOf)) continue;
    const siblings = childrenOf.get(parent);
    if (siblings) siblings.push(session);
    else childrenOf.set(parent, [session]);
    below.add(child);
  }
  const grow = (session: SessionExport, depth: number): SessionTree => {
    const children = childrenOf.get(session.info.id) ?? [];
    if (depth === DEEPEST && children.length > 0) {
      throw new InvalidExportError(
        session.info.id,
        `its subagents are nested deeper than ${DEEPEST} levels. opencode itself goes no deeper than a few; are the parents (info.parentID) right?`,
      );
    }
    return { session, children: children.map((child) => grow(child, depth + 1)) };
  };
  return [...byId.values()].filter(({ info }) => !below.has(info.id)).map((session) => grow(session, 0));
}

/** The same session exported while it ran and afterwards: what grew later holds more. */
function isFuller(session: SessionExport, known: SessionExport): boolean {
  if (session.generation !== known.generation) return isLaterOrOriginal(session, known);
  const before = sizeOf(known);
  const difference = sizeOf(session).map((amount, index) => amount - (before[index] ?? 0));
  return (difference.find((amount) => amount !== 0) ?? 0) > 0;
}

/** What decides first stands first. */
function sizeOf({ generation, messages, info }: SessionExport): readonly number[] {
  const contents =
    generation === 1
      ? messages.reduce((sum, { parts, unknownParts }) => sum + parts.length + unknownParts.length, 0)
      : messages.reduce((sum, message) => sum + (message.type === "assistant" ? message.content.length : 0), 0);
  return [messages.length, contents, info.time.updated ?? info.time.created];
}

/**
 * opencode 2 takes over the sessions of 1.x under their ids: where it did not go on with one, the original is better.
 */
function isLaterOrOriginal(session: SessionExport, known: SessionExport): boolean {
  const difference = lastMessageAt(session) - lastMessageAt(known);
  return difference === 0 ? session.generation < known.generation : difference > 0;
}

/** When its last message began, ms since the epoch. */
function lastMessageAt({ generation, messages, info }: SessionExport): number {
  const times =
    generation === 1 ? messages.map((message) => message.info.time.created) : messages.map(({ time }) => time.created);
  return times.reduce((latest, at) => Math.max(latest, at), info.time.created);
}

/** The sessions that a session's `task` or `subagent` tools started, as far as the export knows. */
export function childSessionIds(session: SessionExport): string[] {
  if (session.generation === 2) return [...new Set(subagentSessionIds(session))];
  const ids = new Set<string>();
  for (const message of session.messages) {
    for (const part of message.parts) {
      const id = part.type === "tool" ? taskSessionId(part) : null;
      if (id !== null) ids.add(id);
    }
  }
  return [...ids];
}

/** Whether a session is an ancestor of itself. */
function inCycle(id: string, parentOf: ReadonlyMap<string, string>): boolean {
  const seen = new Set<string>();
  for (let at = parentOf.get(id); at !== undefined && !seen.has(at); at = parentOf.get(at)) {
    if (at === id) return true;
    seen.add(at);
  }
  return false;
}
