import { fieldsOf } from "../../../text/json-fields.js";
import type { MessageV2, SessionExportV2, ToolContent } from "../schema/session-export.js";

/**
 * The session that a `subagent` tool started, or `task` in a session that came from opencode 1: it stands in the
 * metadata from the moment the session exists. Where that was lost, the head of what the tool told the model has it, or
 * the arguments, of a subagent that was to go on.
 */
export function subagentSessionId({ name, state }: ToolContent): string | null {
  if ((name !== "subagent" && name !== "task") || state.status === "streaming") return null;
  const { sessionID, sessionId } = fieldsOf(state.metadata);
  const linked = sessionID ?? sessionId;
  if (typeof linked === "string") return linked;
  const told = state.status === "completed" || state.status === "error" ? state.content : [];
  const [head] = told.flatMap((item) => (item.type === "text" ? [item.text.slice(0, HEAD)] : []));
  const named = TOLD.exec(head ?? (state.status === "error" ? state.error.message.slice(0, HEAD) : ""))?.[1];
  if (named !== undefined) return named;
  // What was refused went on with none.
  if (state.status === "error") return null;
  const { sessionID: resumed } = fieldsOf(state.input);
  return typeof resumed === "string" && SESSION_ID.test(resumed) ? resumed : null;
}

/** The sessions that a session's messages name as those of its subagents, as far as the export knows. */
export function subagentSessionIds({ messages }: SessionExportV2): readonly string[] {
  return messages.flatMap(namedIn);
}

function namedIn(message: MessageV2): readonly string[] {
  if (message.type === "assistant")
    return message.content.flatMap((item) => (item.type === "tool" ? (subagentSessionId(item) ?? []) : []));
  // A subagent in the background tells its end in a message of its own.
  const { source, childID } = message.type === "synthetic" ? fieldsOf(message.metadata) : {};
  return source === "subagent" && typeof childID === "string" ? [childID] : [];
}

/** `<subagent sessionID="ses_…" state="completed">`, `Subagent failed (sessionID: ses_…): …`, and those of 1.x. */
const TOLD = /^\s*(?:<subagent sessionID="|<task id="|task_id:\s*|Subagent \w+ \(sessionID: )(ses_\w+)/;
const HEAD = 200;
const SESSION_ID = /^ses_\w+$/;
