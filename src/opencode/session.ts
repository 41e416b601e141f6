/** Sessions as opencode exports them, and how they are read. Other rooms import it from here. */

export { assembleSessions, childSessionIds } from "./read/assemble-sessions.js";
export { exportFromJson, readExport } from "./read/read-export.js";
export { taskSessionId } from "./read/task-session.js";
export { transcriptOf } from "./read/transcript.js";
export { idTime, isSessionId } from "./schema/ids.js";
export {
  type AssistantInfo,
  type AssistantMessage,
  type Attachment,
  type CompactionPart,
  type FilePart,
  type Message,
  type Part,
  type ReasoningPart,
  type SessionExport,
  type SessionInfo,
  type SessionTree,
  type StepFinishPart,
  type StepStartPart,
  sumOfTokens,
  type TextPart,
  type Tokens,
  type ToolPart,
  type UserMessage,
} from "./schema/session-export.js";
