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

export type { AgentSettings } from "./agent/agent-settings.js";
export { OpenCode, type OpenCodeOptions, type PromptOptions, type RetryEvent } from "./agent/open-code.js";
export type { JsonSchema, OutputSchema } from "./agent/output-schema.js";
export type { RetryDecision } from "./agent/retry-decision.js";
export type { AttemptResult, AttemptSummary, TurnResult } from "./agent/turn-result.js";
export type { Budget, BudgetUnit, ToolBudget, ToolStat } from "./analysis/budgets.js";
export { type BudgetResult, checkSession, type SessionCheck } from "./analysis/check-session.js";
export type { FigureUnit } from "./analysis/figures.js";
export type { Divergence, StepOutput } from "./analysis/first-divergence.js";
export {
  type DiffInput,
  diffSessions,
  type FiguresDiff,
  type SessionDiff,
  type SessionSummary,
  type TurnDiff,
  type TurnSummary,
} from "./analysis/session-diff.js";
export type { Comparison, Figure, FigureName, ToolTotals } from "./analysis/turn-figures.js";
export type { BatchEvent, BatchOptions } from "./batch/batch-options.js";
export type { BatchProgress, BatchSummary, NotStarted } from "./batch/batch-summary.js";
export type { BatchLimits } from "./batch/limits.js";
export { parseTasks, taskOf } from "./batch/parse-tasks.js";
export { readTasks } from "./batch/read-tasks.js";
export { recordedResults } from "./batch/results.js";
export { runBatch } from "./batch/run-batch.js";
export { type TaskHooks, type TaskRun, type TaskRunner, taskRunner } from "./batch/run-task.js";
export type { NotDoneReason, Spending, StopReason } from "./batch/schedule.js";
export type { Task, TaskInput, TaskRequest } from "./batch/task.js";
export type { TaskFigures } from "./batch/task-figures.js";
export type { TaskRunnerOptions } from "./batch/task-options.js";
export type { TaskDelivery, TaskResult } from "./batch/task-result.js";
export type { Verified } from "./batch/verify.js";
export type { ProjectPlace } from "./config/project-config.js";
export { type ProjectSettings, readProjectSettings } from "./config/project-settings.js";
export type { DeliveryProgress } from "./deliver/delivery-progress.js";
export {
  type DestinationReport,
  type ItemCounts,
  isDelivered,
  type KindBeside,
  type OutdatedSpans,
  type PendingSpans,
} from "./deliver/delivery-report.js";
export type { ClientTls } from "./deliver/destinations/client-tls.js";
export type {
  Destination,
  DestinationInfo,
  DestinationSettings,
  MetricsPlace,
  OtlpProtocol,
} from "./deliver/destinations/destination.js";
export type { HttpProxy } from "./deliver/destinations/proxy.js";
export { type DestinationOptions, resolveDestinations } from "./deliver/destinations/resolve-destinations.js";
export type { PushResult } from "./deliver/push-outbox.js";
export type { LastError } from "./deliver/queue/destination-notes.js";
export { type OutboxStatus, outboxStatus } from "./deliver/queue/outbox-status.js";
export type { RequestKind } from "./deliver/queue/request-kind.js";
export { adviceFor } from "./errors/advice.js";
export { ConfigurationError } from "./errors/configuration-error.js";
export type {
  ErrorCode,
  ErrorEvidence,
  ErrorFacts,
  ErrorObject,
  FactsOf,
  ProviderFacts,
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
  StartFailedError,
  TimeoutError,
  UnknownOpenCodeError,
} from "./errors/opencode-errors.js";
export { OpenCodeNotFoundError } from "./errors/opencode-not-found-error.js";
export { RunRequestError } from "./errors/run-request-error.js";
export { type AboutSession, type AskedOpenCode, SessionNotFoundError } from "./errors/session-not-found-error.js";
export type { ToolFailure } from "./errors/tool-failure.js";
export type { Arm } from "./experiment/arm.js";
export { parseArm, parseArms } from "./experiment/arm.js";
export type { ArmSettings } from "./experiment/arm-settings.js";
export type { ArmComparison, MeasureComparison, Verdict } from "./experiment/compare.js";
export { experimentMarkdown } from "./experiment/experiment-markdown.js";
export {
  type ArmSummary,
  type ExperimentOptions,
  type ExperimentResult,
  experimentResult,
} from "./experiment/experiment-result.js";
export type { MeasureName } from "./experiment/measure-names.js";
export type { LaterRun, OrderEffect } from "./experiment/order-effect.js";
export { type Case, type PlannedRun, type PlanOptions, planRuns } from "./experiment/plan.js";
export type { Interval } from "./experiment/statistics/bootstrap.js";
export type { Needed } from "./experiment/statistics/power.js";
export type { SignTest } from "./experiment/statistics/sign-test.js";
export {
  type ExportOptions,
  type FlushOptions,
  TraceExporter,
  type TraceExporterOptions,
} from "./export/trace-exporter.js";
export { type StorePaths, storePaths, storePathsAt } from "./files/store-paths.js";
export type { UnfinishedSession } from "./follow/attach.js";
export { followServer, followStore } from "./follow/follow-turns.js";
export type { LiveDelivery } from "./follow/live-run.js";
export type { FollowOptions, FollowServerOptions, FollowStoreOptions } from "./follow/options.js";
export { LangfuseApiError, type LangfuseFailure } from "./langfuse/api/langfuse-api-error.js";
export type { RemoteTrace } from "./langfuse/read/read-trace.js";
export { type ReadLangfuseOptions, readLangfuse } from "./langfuse/read-langfuse.js";
export { type Mask, type Masking, type MaskingOptions, maskFor } from "./masking/mask.js";
export type {
  Asking,
  Driver,
  FailedAttempt,
  PermissionAnswer,
  PermissionPolicy,
  PermissionRequest,
  Phase,
  Progress,
  RunEvent,
  RunningSubagent,
  RunningTool,
  UsedServer,
} from "./opencode/drive.js";
export {
  type Evidence,
  type LogEvidence,
  type LoggedFailure,
  type LoggedMark,
  type LoggedRequest,
  type RunEvidence,
  readLogEvidence,
} from "./opencode/evidence.js";
export type { UserPrice, UserPrices } from "./opencode/model.js";
export type { McpServer, OpenCodeProgram, ProcessExit, RunExit, StoppedBy } from "./opencode/program.js";
export { ServerPool, type ServerPoolOptions, type StreamTrouble } from "./opencode/server.js";
export {
  type AgentSwitched,
  type AssistantInfo,
  type AssistantMessage,
  type AssistantMessageV2,
  assembleSessions,
  type CompactionMessage,
  type CompactionPart,
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
export type { ExperimentItem, RemoteParent, TraceOptions } from "./otel/options.js";
export { parseTraceparent } from "./otel/parse-traceparent.js";
export type { SpanData, SpanParent } from "./otel/span-data.js";
export type { SpanProfileName } from "./otel/span-profile.js";
export type { NewScore } from "./scores/new-score.js";
export type { LoadedSession } from "./sessions/loaded-session.js";
export { type ReadSessionOptions, readSession } from "./sessions/read-session.js";
export type * from "./trace/model.js";
export { type TraceWishes, traceSession } from "./trace/trace-session.js";
export { withUserPrices } from "./trace/user-priced.js";
export { type ReportPageOptions, reportPage } from "./web/data/report-page.js";
export type {
  WireBody,
  WireChunk,
  WireEnd,
  WireEvidence,
  WireExchange,
  WireResponse,
  WireTool,
} from "./wire/model.js";
