import { type LogLine, parseLogLine } from "./log-line.js";

/** A moment of opencode's own work, as its log has it. */
export interface LoggedMark {
  /**
   * What it tells. Of a process: `begun`, its first line. Of a directory: `instance`, opencode turns to it; `located`,
   * what it keeps for it has been loaded. Of a session: `created`; `loop`, an iteration begins, or there is none more;
   * `process`, the request has been put together. Of either: `snapshot`, the files have been kept. Of a process alone:
   * `tools`, opencode's own tools are known; `skills`, what comes after the tools of MCP servers.
   */
  readonly kind: "begun" | "instance" | "located" | "created" | "loop" | "process" | "snapshot" | "tools" | "skills";
  /** ms since the epoch. */
  readonly at: number;
  /** Names the process among those of the log. */
  readonly process: string;
  /** Of a session's marks. */
  readonly sessionId?: string;
  /** Of a directory's marks: where opencode works. */
  readonly directory?: string;
  /** Of a `snapshot`: its name, which stands in the session too. */
  readonly hash?: string;
}

/** The mark that a line is, if it is one. */
export function markOf({ at, message, fields }: LogLine, process: string): LoggedMark | undefined {
  const { directory, cwd, hash } = fields;
  const session = fields["session.id"];
  const base = { at, process };
  switch (message) {
    case "creating instance":
      return directory === undefined ? undefined : { kind: "instance", ...base, directory };
    case "booting location services":
      return directory === undefined ? undefined : { kind: "located", ...base, directory };
    case "created":
    case "":
      return fields.id?.startsWith("ses_") ? { kind: "created", ...base, sessionId: fields.id } : undefined;
    case "loop":
    case "exiting loop":
      return session === undefined ? undefined : { kind: "loop", ...base, sessionId: session };
    case "process":
      // The same word tells of its failure.
      return session === undefined || fields.error !== undefined
        ? undefined
        : { kind: "process", ...base, sessionId: session };
    case "tracking":
      return hash === undefined || cwd === undefined ? undefined : { kind: "snapshot", ...base, directory: cwd, hash };
    case "shell tool using shell":
      return { kind: "tools", ...base };
    case "init":
      return fields.count === undefined ? undefined : { kind: "skills", ...base };
    default:
      return undefined;
  }
}

/** Lines that name no session, and tell what opencode does for a directory. */
export function isMarkOf(line: string, directory: string): boolean {
  if (!/ message=(?:"creating instance"|"booting location services"|tracking) /.test(line)) return false;
  const fields = parseLogLine(line)?.fields;
  return fields !== undefined && (fields.directory ?? fields.cwd) === directory;
}
