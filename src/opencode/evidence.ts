/** What is known of a session beside its export: opencode's log, its events, how its runs ended. */
export type { Evidence } from "./model/evidence.js";
export {
  type LogEvidence,
  type LoggedFailure,
  type LoggedRequest,
  readLogEvidence,
} from "./read/log-evidence.js";
export type { LoggedMark } from "./read/log-marks.js";
export { runEvidenceIn } from "./read/read-run-evidence.js";
export { type PermissionWait, permissionWait, type SeenRetry, seenRetry } from "./schema/event-facts.js";
export { isOwnAbort, isWantedEnd, processEndOf } from "./schema/run-end.js";
export { type Halt, type RunEvidence, runEvidence } from "./schema/run-evidence.js";
