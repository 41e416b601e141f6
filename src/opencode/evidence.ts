/** What opencode's log and its events say about a session, beside its export. Other rooms import it from here. */
export {
  type LogEvidence,
  type LoggedFailure,
  type LoggedRequest,
  readLogEvidence,
} from "./read/log-evidence.js";
export { type PermissionWait, permissionWait, type SeenRetry, seenRetry } from "./schema/event-facts.js";
