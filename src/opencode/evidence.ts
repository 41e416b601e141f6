/** What is known of a session beside its export: opencode's log, its events, how its runs ended. */
export type { Evidence } from "./model/evidence.js";
export {
  type LogEvidence,
  type LoggedFailure,
  type LoggedRequest,
  readLogEvidence,
} from "./read/log-evidence.js";
export type { LoggedMark } from "./read/log-marks.js";
export { type PermissionWait, permissionWait, type SeenRetry, seenRetry } from "./schema/event-facts.js";
export {
  type Halt,
  isOwnAbort,
  isWantedEnd,
  processEndOf,
  type RunEvidence,
  runEvidence,
} from "./schema/run-evidence.js";
