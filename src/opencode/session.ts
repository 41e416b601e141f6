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
  type MessageParts,
  type Part,
  type PatchPart,
  type ReasoningPart,
  type SessionExport,
  type SessionInfo,
  type SessionTree,
  type StepFinishPart,
  type StepStartPart,
  type SubtaskPart,
  sumOfTokens,
  type TextPart,
  type Tokens,
  type ToolPart,
  type UnknownPart,
  type UserInfo,
  type UserMessage,
} from "./schema/session-export.js";
