import type { SessionExportV2 } from "../v2/schema/session-export.js";
import type { SessionExportV1 } from "./session-export.js";

/** One session as opencode exports it; discriminated by the `generation` of its format. */
export type SessionExport = SessionExportV1 | SessionExportV2;

/** A session with the sessions of its subagents below it. */
export interface SessionTree {
  /** The session itself. */
  readonly session: SessionExport;
  /** Those of its subagents. */
  readonly children: readonly SessionTree[];
}

/** A session that opencode 1 exported, with those of its subagents. */
export interface SessionTreeV1 {
  readonly session: SessionExportV1;
  readonly children: readonly SessionTreeV1[];
}
