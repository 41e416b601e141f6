/** opencode's server: starting one, talking to it, following its sessions. Other rooms import it from here. */

export type { RawPart } from "./schema/server-event.js";
export { connect, type ServerConnection } from "./server/connection.js";
export { type EventEvidence, evidenceWithin } from "./server/event-evidence.js";
export type { StreamTrouble } from "./server/event-stream.js";
export { followRun } from "./server/follow-run.js";
export { followServer } from "./server/follow-server.js";
export type { FollowedServer, WorkingSession } from "./server/followed-server.js";
export { endOfMessages, type SessionEnd } from "./server/list-sessions.js";
export { mcpServersOf } from "./server/mcp-servers.js";
export { readSessionFrom } from "./server/read-session.js";
export { startReadingServer } from "./server/reading-server.js";
export { type RestingServer, restingServer } from "./server/resting-server.js";
export { ServerPool, type ServerPoolOptions } from "./server/server-pool.js";
export {
  familyOf,
  type Mirror,
  type MirroredSession,
  rawExports,
  rootOf,
  treeOf,
} from "./server/session-mirror.js";
export type { RunningServer, StartedServer } from "./server/start-server.js";
export { type SeenStore, seenStores } from "./store/seen-store.js";
export { awakeFor, type StoredEntry, type StoreServer, storeServer } from "./store/store-server.js";
export { tooMuchConfiguration } from "./warm/fingerprint.js";
export { isFirstToldOf } from "./warm/servers-folder.js";
export { type StoppedServer, stopServer } from "./warm/stop-servers.js";
export { surveyServers, type WarmServerFacts, type WarmSurvey } from "./warm/survey-servers.js";
export { warmthInEnvironment, warmthOf } from "./warm/warmth.js";
