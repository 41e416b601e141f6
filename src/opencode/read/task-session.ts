import type { ToolPart } from "../schema/session-export.js";

/**
 * The session that a `task` tool started: it stands in the metadata from the moment the session exists. Where that was
 * lost, the head of what the tool told the model has it, or the arguments, of a subagent that was to go on.
 */
export function taskSessionId({ tool, state }: ToolPart): string | null {
  if (tool !== "task" || state.status === "pending") return null;
  const linked = state.metadata?.sessionId;
  if (typeof linked === "string") return linked;
  const said = state.status === "completed" ? state.output : state.status === "error" ? state.error : undefined;
  const told = TOLD.exec((said ?? "").slice(0, HEAD))?.[1];
  if (told !== undefined) return told;
  // What was refused went on with none.
  if (state.status === "error" && state.metadata?.interrupted !== true) return null;
  const resumed = fieldOf(state.input, "task_id");
  return typeof resumed === "string" && SESSION_ID.test(resumed) ? resumed : null;
}

/**
 * `<task id="ses_…" state="completed">`, before 1.18 `task_id: ses_… (for resuming …)`; behind it the subagent speaks.
 * Of one that failed `Subagent failed (task_id: ses_…): …`.
 */
const TOLD = /^\s*(?:<task id="|task_id:\s*|Subagent failed \(task_id:\s*)(ses_\w+)/;
const HEAD = 200;
const SESSION_ID = /^ses_\w+$/;

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}
