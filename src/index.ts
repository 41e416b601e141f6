/**
 * looptrace as a library: drive opencode, read its sessions, compute their traces, deliver them.
 *
 * @example
 * ```ts
 * import { OpenCode, resolveDestinations, TraceExporter } from "looptrace";
 *
 * const agent = new OpenCode({ model: "anthropic/claude-sonnet-4-6", timeoutMs: 600_000 });
 * const result = await agent.run("Fix the failing test");
 * const exporter = new TraceExporter({ destinations: resolveDestinations() });
 * const reports = await exporter.export(result.traces);
 * console.log(result.text, reports);
 * ```
 *
 * @packageDocumentation
 */

export type { NextMove, RetrySettings } from "./agent/next-move.js";
export {
  type AttemptSummary,
  OpenCode,
  type OpenCodeOptions,
  type PromptHooks,
  type PromptOptions,
  type Retrying,
  type TurnResult,
} from "./agent/open-code.js";
export type { JsonSchema, OutputSchema } from "./agent/output-schema.js";
export type { AttemptResult } from "./agent/run-attempt.js";
export type { RunLimits } from "./agent/run-watch.js";
export type { AgentCommand, FlagValues, Setting, SettingFlag, SettingValues } from "./agent/setting.js";
export type { AgentSettings } from "./agent/setting-surfaces.js";
export { AGENT_SETTINGS } from "./agent/settings.js";
export type { Budget, BudgetUnit, ToolBudget, ToolStat } from "./analysis/budgets.js";
export { type BudgetResult, checkSession, type SessionCheck } from "./analysis/check-session.js";
export type { FigureUnit } from "./analysis/figures.js";
export type { Divergence, Said } from "./analysis/first-divergence.js";
export {
  type DiffSide,
  diffSessions,
  type FiguresDiff,
  type SessionDiff,
  type SessionHead,
  type TurnDiff,
  type TurnFacts,
} from "./analysis/session-diff.js";
export type { Compared, Figure, FigureName, ToolTotals } from "./analysis/turn-figures.js";
export type { BatchEvent, BatchOptions } from "./batch/batch-options.js";
export type { BatchStanding, BatchSummary, NotStarted } from "./batch/batch-summary.js";
export type { BatchLimits } from "./batch/limits.js";
export { parseTasks, taskOf } from "./batch/parse-tasks.js";
export { readTasks } from "./batch/read-tasks.js";
export { runBatch } from "./batch/run-batch.js";
export {
  type TaskHooks,
  type TaskRun,
  type TaskRunner,
  taskRunner,
} from "./batch/run-task.js";
export type { LeftReason, Spent, StopReason } from "./batch/schedule.js";
export { type Task, type TaskInput, type TaskRequest, taskRequestSchema } from "./batch/task.js";
export type { TaskRunnerOptions } from "./batch/task-options.js";
export { type TaskDelivery, type TaskResult, taskResultSchema } from "./batch/task-result.js";
export type { ProjectPlace } from "./config/project-config.js";
export { type ProjectSettings, readProjectSettings } from "./config/project-settings.js";
export type { DeliverOptions } from "./deliver/deliver.js";
export type { DeliveryOptions, Sender } from "./deliver/delivery-context.js";
export type { DeliveryProgress } from "./deliver/delivery-progress.js";
export {
  type DestinationReport,
  isDelivered,
  type Outdated,
  type Pending,
} from "./deliver/delivery-report.js";
export type { ClientTls } from "./deliver/destinations/client-tls.js";
export {
  type Destination,
  type DestinationInfo,
  type DestinationSettings,
  destinationInfo,
  type OtlpProtocol,
} from "./deliver/destinations/destination.js";
export type { HttpProxy } from "./deliver/destinations/proxy.js";
export { type DestinationOptions, resolveDestinations } from "./deliver/destinations/resolve-destinations.js";
export type { SendOptions } from "./deliver/http/send.js";
export type { SendResult } from "./deliver/http/send-result.js";
export { type PushResult, pushOutbox } from "./deliver/push-outbox.js";
export type { LastError } from "./deliver/queue/destination-notes.js";
export { type OutboxStatus, outboxStatus } from "./deliver/queue/outbox-status.js";
export { adviceFor } from "./errors/advice.js";
export { ConfigurationError } from "./errors/configuration-error.js";
export type {
  ErrorCode,
  ErrorEvidence,
  ErrorFacts,
  ErrorObject,
  FactsOf,
  ProviderFacts,
  RunLimit,
} from "./errors/error-facts.js";
export { errorFromJSON } from "./errors/error-from-json.js";
export { InvalidExportError } from "./errors/invalid-export-error.js";
export { OpenCodeCommandError } from "./errors/opencode-command-error.js";
export { OpenCodeError, type OpenCodeErrorJSON } from "./errors/opencode-error.js";
export {
  AbortedError,
  type AnyOpenCodeError,
  AuthenticationError,
  BillingError,
  ContentFilterError,
  DoomLoopError,
  errorFromFacts,
  InvalidOutputError,
  InvalidRequestError,
  MaxOutputTokensError,
  PermissionRejectedError,
  RateLimitError,
  ServerError,
  TimeoutError,
  UnknownOpenCodeError,
} from "./errors/opencode-errors.js";
export { OpenCodeNotFoundError } from "./errors/opencode-not-found-error.js";
export { RunRequestError } from "./errors/run-request-error.js";
export { SessionNotFoundError } from "./errors/session-not-found-error.js";
export type { ToolFailure } from "./errors/tool-failure.js";
export { type DeliverTracesOptions, deliverTraces } from "./export/deliver-traces.js";
export {
  type ExportOptions,
  type FlushOptions,
  TraceExporter,
  type TraceExporterOptions,
} from "./export/trace-exporter.js";
export type { Clock } from "./files/clock.js";
export { type StorePaths, storePaths, storePathsAt } from "./files/store-paths.js";
export type { LeftAtWork } from "./follow/attach.js";
export {
  type FollowOptions,
  type FollowServerOptions,
  type FollowStoreOptions,
  followServer,
  followStore,
} from "./follow/follow-turns.js";
export type { LiveDelivery } from "./follow/live-run.js";
export { countMarkers } from "./masking/marker.js";
export { type Mask, type Masking, type MaskingOptions, maskFor } from "./masking/mask.js";
export type {
  Asking,
  DriveHooks,
  Driver,
  FailedAttempt,
  PermissionAnswer,
  PermissionPolicy,
  PermissionRequest,
  Phase,
  Progress,
  RunEvent,
  RunningTool,
  ServedSession,
} from "./opencode/drive.js";
export type { Evidence, RunEvidence } from "./opencode/evidence.js";
export {
  type LogEvidence,
  type LoggedFailure,
  type LoggedRequest,
  type PermissionWait,
  readLogEvidence,
  type SeenRetry,
} from "./opencode/evidence.js";
export type {
  McpServer,
  OpenCodeProgram,
  ProcessExit,
  RunExit,
  StoppedBy,
} from "./opencode/program.js";
export { type ServerConnection, ServerPool, type StreamTrouble } from "./opencode/server.js";
export {
  type AgentSwitched,
  type AssistantInfo,
  type AssistantMessage,
  type AssistantMessageV2,
  assembleSessions,
  type CompactionMessage,
  type CompactionPart,
  exportFromJson,
  type FilePart,
  type IdleMessage,
  type LocationSwitched,
  type Message,
  type MessageContent,
  type MessageParts,
  type MessageV2,
  type ModelSwitched,
  type Part,
  type PatchPart,
  type ReasoningContent,
  type ReasoningPart,
  readExport,
  type SessionExport,
  type SessionExportV1,
  type SessionExportV2,
  type SessionInfo,
  type SessionInfoV2,
  type SessionTree,
  type ShellMessage,
  type SkillMessage,
  type StepFinishPart,
  type StepStartPart,
  type SubtaskPart,
  type SyntheticMessage,
  type SystemMessage,
  type TextContent,
  type TextPart,
  type ToolContent,
  type ToolPart,
  transcriptOf,
  type UnknownContent,
  type UnknownMessage,
  type UnknownPart,
  type UserInfo,
  type UserMessage,
  type UserMessageV2,
} from "./opencode/session.js";
export { describeTrace } from "./otel/describe-trace.js";
export type { RemoteParent, TraceOptions } from "./otel/options.js";
export { parseTraceparent } from "./otel/options.js";
export type { SpanData, SpanParent } from "./otel/span-data.js";
export type { LoadOptions } from "./sessions/load-options.js";
export type { LoadedSession } from "./sessions/loaded-session.js";
export { type ReadSessionOptions, readSession } from "./sessions/read-session.js";
export type * from "./trace/model.js";
export { traceSession } from "./trace/trace-session.js";
export { type ReportPageOptions, reportPage } from "./web/data/report-page.js";
