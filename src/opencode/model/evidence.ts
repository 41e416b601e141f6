import type { WireEvidence } from "../../wire/model.js";
import type { LogEvidence } from "../read/log-evidence.js";
import type { RunEvidence } from "../schema/run-evidence.js";

/** What is known beside the export; all of it optional, none of it changes an id. */
export interface Evidence {
  /** What opencode's log tells. */
  readonly log?: LogEvidence;
  /** The runs of the session that looptrace drove; each tells about the turn that began in it. */
  readonly runs?: readonly RunEvidence[];
  /** What was really sent to the models, and what came back; without bodies where they were not to be recorded. */
  readonly wire?: WireEvidence;
  /** The names of the MCP servers that opencode had, as configured; without them no tool is said to be of one. */
  readonly mcpServers?: readonly string[];
}
