/** Sessions as opencode exports them, and how they are read. Other rooms import it from here. */

export { assembleSessions, childSessionIds } from "./read/assemble-sessions.js";
export { exportInParts } from "./read/export-in-parts.js";
export { promptTimesOf, structuredAnswersOf } from "./read/messages-of.js";
export { exportFromJson, exportJson, readExport } from "./read/read-export.js";
export { taskSessionId } from "./read/task-session.js";
export { transcriptOf } from "./read/transcript.js";
export type { SessionExport, SessionTree, SessionTreeV1 } from "./schema/exported-session.js";
export { idTime, isSessionId } from "./schema/ids.js";
export type {
  AssistantInfo,
  AssistantMessage,
  Attachment,
  CompactionPart,
  FilePart,
  Message,
  MessageParts,
  Part,
  PatchPart,
  ReasoningPart,
  SessionExportV1,
  SessionInfo,
  StepFinishPart,
  StepStartPart,
  SubtaskPart,
  TextPart,
  ToolPart,
  UnknownPart,
  UserInfo,
  UserMessage,
} from "./schema/session-export.js";
export { sumOfTokens, type Tokens } from "./schema/tokens.js";
export type {
  AgentSwitched,
  AssistantMessageV2,
  CompactionMessage,
  IdleMessage,
  LocationSwitched,
  MessageContent,
  MessageV2,
  ModelSwitched,
  ReasoningContent,
  SessionExportV2,
  SessionInfoV2,
  ShellMessage,
  SkillMessage,
  SyntheticMessage,
  SystemMessage,
  TextContent,
  ToolContent,
  UnknownContent,
  UnknownMessage,
  UserMessageV2,
} from "./v2/schema/session-export.js";
