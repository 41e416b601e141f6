import { idTime } from "../opencode/ids.js";
import type { SessionTree, ToolPart } from "../opencode/schema/session-export.js";
import { childSessionId } from "./tool-facts.js";
import { isAssistant, turnsOf } from "./turns.js";

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
 * was created while it ran. A session that several tools continue is dealt out by time: each turn to the last tool
 * that had started by then.
 *
 * @returns the turns by the id of the tool's part, and the sessions that no tool accounts for
 */
export function subagentTurns(tree: SessionTree): {
  readonly byPart: ReadonlyMap<string, readonly SubagentTurn[]>;
  readonly unclaimed: readonly SessionTree[];
} {
  const tasks = taskTools(tree);
  const byPart = new Map<string, SubagentTurn[]>();
  const unclaimed: SessionTree[] = [];
  const taken = new Set<string>();
  for (const child of tree.children) {
    const { id, time } = child.session.info;
    const linked = tasks.filter(({ part }) => childSessionId(part) === id);
    const candidates =
      linked.length > 0
        ? linked
        : tasks
            .filter(({ part, start, end }) => {
              const free = childSessionId(part) === null && !taken.has(part.id);
              return free && start <= time.created && time.created <= end;
            })
            .slice(0, 1);
    if (candidates.length === 0) {
      unclaimed.push(child);
      continue;
    }
    turnsOf(child.session).turns.forEach((turn, index) => {
      const at = turn.user.info.time.created;
      const task = candidates.findLast(({ start }) => start <= at) ?? candidates[0];
      if (!task) return;
      taken.add(task.part.id);
      byPart.set(task.part.id, [...(byPart.get(task.part.id) ?? []), { tree: child, turn: index }]);
    });
  }
  return { byPart, unclaimed };
}

interface TaskTool {
  readonly part: ToolPart;
  readonly start: number;
  readonly end: number;
}

function taskTools(tree: SessionTree): TaskTool[] {
  return tree.session.messages
    .filter(isAssistant)
    .flatMap((message) =>
      message.parts
        .filter((part): part is ToolPart => part.type === "tool" && part.tool === "task")
        .map((part): TaskTool => {
          const { state } = part;
          const minted = idTime(part.id, message.info.time.created) ?? message.info.time.created;
          const start = state.status === "pending" ? minted : Math.min(minted, state.time.start);
          const open = state.status === "pending" || state.status === "running";
          return { part, start, end: open ? Number.POSITIVE_INFINITY : state.time.end };
        }),
    )
    .sort((a, b) => a.start - b.start);
}
