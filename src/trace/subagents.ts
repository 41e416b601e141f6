import type { SessionExport, SessionInfo, SessionTree, ToolPart } from "../opencode/schema/session-export.js";
import { messageClock } from "./message-clock.js";
import { childSessionId } from "./tool-facts.js";
import { isAssistant, type Turn, turnsOf } from "./turns.js";

/** One turn of a subagent's session, to be shown inside the `task` tool that asked for it. */
export interface SubagentTurn {
  readonly tree: SessionTree;
  /** Its position among the turns of the subagent's session. */
  readonly turn: number;
}

/**
 * Which turns of the subagents' sessions belong to which `task` tool.
 *
 * The tool's metadata names the session. A tool without that link (a sanitised export has none) gets the session that
 * was created while it ran and ended when it did. A session that several tools continue is dealt out by time: each turn to the last tool
 * that had started by then.
 *
 * @param turns the session's own; a tool of a message that belongs to none shows nothing, so nothing can stand in it
 * @returns the turns by the id of the tool's part, the sessions that no tool accounts for, and the parts of the tools
 *   whose subagent's session is not among the children
 */
export function subagentTurns(
  tree: SessionTree,
  turns: readonly Turn[],
): {
  readonly byPart: ReadonlyMap<string, readonly SubagentTurn[]>;
  readonly unclaimed: readonly SessionTree[];
  readonly missing: ReadonlySet<string>;
} {
  const tasks = taskTools(turns, tree.session.info.version);
  const byPart = new Map<string, SubagentTurn[]>();
  const unclaimed: SessionTree[] = [];
  const linked = new Map<string, TaskTool[]>();
  const unlinked: TaskTool[] = [];
  for (const task of tasks) {
    const childId = childSessionId(task.part);
    const known = childId === null ? unlinked : linked.get(childId);
    if (known) known.push(task);
    else if (childId !== null) linked.set(childId, [task]);
  }
  // By their times, not as somebody happened to name the files.
  const children = [...tree.children].sort((a, b) => compare(a.session.info, b.session.info));
  for (const child of children) {
    const { id } = child.session.info;
    const candidates =
      linked.get(id) ??
      bestFit(
        child.session,
        unlinked.filter(({ part }) => !byPart.has(part.id)),
      );
    const first = candidates[0];
    const own = turnsOf(child.session);
    // Without a turn it has no loop that could stand in a tool; what is below it must not get lost with it.
    if (!first || own.length === 0) {
      unclaimed.push(child);
      continue;
    }
    own.forEach((turn, index) => {
      const { part } = candidates.findLast(({ start }) => start <= turn.at) ?? first;
      const ofPart = byPart.get(part.id);
      if (ofPart) ofPart.push({ tree: child, turn: index });
      else byPart.set(part.id, [{ tree: child, turn: index }]);
    });
  }
  const present = new Set(tree.children.map(({ session }) => session.info.id));
  const missing = tasks.filter(({ part }) => !byPart.has(part.id) && isMissing(part, present));
  return { byPart, unclaimed, missing: new Set(missing.map(({ part }) => part.id)) };
}

function compare(a: SessionInfo, b: SessionInfo): number {
  return a.time.created - b.time.created || (a.id < b.id ? -1 : 1);
}

/**
 * Of the tools during which a session was created the one that ended soonest after the session's own end.
 *
 * @returns that one, or nothing
 */
function bestFit({ info, messages }: SessionExport, tasks: readonly TaskTool[]): readonly TaskTool[] {
  const last = messages.reduce((latest, message) => {
    const { created } = message.info.time;
    return Math.max(latest, isAssistant(message) ? (message.info.time.completed ?? created) : created);
  }, info.time.created);
  const during = tasks.filter(({ start, end }) => start <= info.time.created && info.time.created <= end);
  const distance = ({ end }: TaskTool): number => Math.abs(end - last);
  return during.sort((a, b) => (distance(a) < distance(b) ? -1 : 1)).slice(0, 1);
}

/**
 * The link stands in the metadata from the moment the subagent's session exists, so a tool that failed without one
 * started none. A tool that is completed had a subagent even where sanitising has taken the link away.
 */
function isMissing(part: ToolPart, present: ReadonlySet<string>): boolean {
  const childId = childSessionId(part);
  return childId === null ? part.state.status === "completed" : !present.has(childId);
}

interface TaskTool {
  readonly part: ToolPart;
  readonly start: number;
  readonly end: number;
}

function taskTools(turns: readonly Turn[], version: string): TaskTool[] {
  return turns
    .flatMap(({ rest }) => rest.filter(isAssistant))
    .flatMap((message) => {
      const tasks = message.parts.filter(
        (part): part is ToolPart => part.type === "tool" && part.tool === "task",
      );
      if (tasks.length === 0) return [];
      const clock = messageClock(message.info, version);
      return tasks.map((part): TaskTool => {
        const { state } = part;
        const minted = clock.mintedAt(part.id) ?? clock.created;
        const start = state.status === "pending" ? minted : Math.min(minted, state.time.start);
        const open = state.status === "pending" || state.status === "running";
        return { part, start, end: open ? Number.POSITIVE_INFINITY : state.time.end };
      });
    })
    .sort((a, b) => a.start - b.start);
}
