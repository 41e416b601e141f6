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
  type Retrying,
  type TurnResult,
} from "./agent/open-code.js";
export type { JsonSchema, OutputSchema } from "./agent/output-schema.js";
export type { RunLimits } from "./agent/run-watch.js";
export type { BatchEvent, BatchOptions } from "./batch/batch-options.js";
export type { BatchStanding, BatchSummary, NotStarted } from "./batch/batch-summary.js";
export type { BatchLimits } from "./batch/limits.js";
export { parseTasks, taskOf } from "./batch/parse-tasks.js";
export { runBatch } from "./batch/run-batch.js";
export {
  type TaskHooks,
  type TaskRun,
  type TaskRunner,
  taskRunner,
} from "./batch/run-task.js";
export type { LeftReason, StopReason } from "./batch/schedule.js";
export { type Task, type TaskInput, type TaskRequest, taskRequestSchema } from "./batch/task.js";
export type { TaskRunnerOptions } from "./batch/task-options.js";
export { type TaskDelivery, type TaskResult, taskResultSchema } from "./batch/task-result.js";
export type { DeliverOptions } from "./deliver/deliver.js";
export type { DeliveryProgress } from "./deliver/delivery-progress.js";
export { type DestinationReport, isDelivered, type Outdated } from "./deliver/delivery-report.js";
export {
  type Destination,
  type DestinationInfo,
  destinationInfo,
} from "./deliver/destinations/destination.js";
export { type DestinationOptions, resolveDestinations } from "./deliver/destinations/resolve-destinations.js";
export { type PushResult, pushOutbox } from "./deliver/push-outbox.js";
export { type OutboxStatus, outboxStatus } from "./deliver/queue/outbox-status.js";
export { adviceFor } from "./errors/advice.js";
export { ConfigurationError } from "./errors/configuration-error.js";
export type { ErrorCode, ErrorFacts, RunLimit } from "./errors/error-facts.js";
export { errorFromJSON } from "./errors/error-from-json.js";
export { InvalidExportError } from "./errors/invalid-export-error.js";
export { OpenCodeCommandError } from "./errors/opencode-command-error.js";
export { OpenCodeError } from "./errors/opencode-error.js";
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
export { countMarkers } from "./masking/marker.js";
export { type Mask, type Masking, type MaskingOptions, maskFor } from "./masking/mask.js";
export type {
  Asking,
  DriveHooks,
  Driver,
  PermissionAnswer,
  PermissionPolicy,
  PermissionRequest,
  Phase,
  Progress,
  RunEvent,
  RunningTool,
} from "./opencode/drive.js";
export {
  type LogEvidence,
  type PermissionWait,
  readLogEvidence,
  type SeenRetry,
} from "./opencode/evidence.js";
export type { McpServer, OpenCodeProgram, ProcessExit, RunExit } from "./opencode/program.js";
export { ServerPool } from "./opencode/server.js";
export {
  assembleSessions,
  exportFromJson,
  readExport,
  type SessionExport,
  type SessionTree,
  transcriptOf,
} from "./opencode/session.js";
export type { RemoteParent, TraceOptions } from "./otel/options.js";
export { parseTraceparent } from "./otel/options.js";
export type { OtlpRequest } from "./otel/otlp-request.js";
export type { LoadedSession } from "./sessions/loaded-session.js";
export { type ReadSessionOptions, readSession } from "./sessions/read-session.js";
export type { Evidence, RunEvidence } from "./trace/evidence.js";
export type * from "./trace/model.js";
export { traceSession } from "./trace/trace-session.js";
