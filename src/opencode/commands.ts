/** opencode's own commands that read its store. Other rooms import it from here. */
export { type ExportResult, exportSession } from "./cli/export-session.js";
export { listChildren } from "./cli/list-children.js";
export { listSessions } from "./cli/list-sessions.js";
export type { CommandOptions } from "./cli/read-command.js";
