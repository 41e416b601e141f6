/** Which opencode does not know a session, and which other one might. */
export interface AskedOpenCode {
  /** Absolute path. */
  readonly path: string;
  /** Null when it does not say. */
  readonly version: string | null;
  /** Its major version, as far as sessions are concerned. */
  readonly generation: 1 | 2;
  /** One of the other generation on the same machine. */
  readonly other?: { readonly path: string; readonly version: string } | undefined;
}

/** What is known of a session that was not found. */
export interface AboutSession {
  /** Undefined where none was asked, or a server that was named. */
  readonly asked?: AskedOpenCode | undefined;
  /** The opencode whose session it is, such as `opencode 2.0.26`, where the one that was asked has no more than its name. */
  readonly madeBy?: string | undefined;
}

/** opencode does not know the session (any more). The message says which was asked, and what to do. */
export class SessionNotFoundError extends Error {
  /** The class, as it stands in JSON. */
  override readonly name = "SessionNotFoundError";
  /** Tells it from errors of turns. */
  readonly code = "session_not_found";
  /** The session that was asked for. */
  readonly sessionId: string;
  /** The opencode whose session it is, such as `opencode 2.0.26`, where the one that was asked has only its name. */
  readonly madeBy: string | undefined;

  /** @internal */
  constructor(sessionId: string, options?: ErrorOptions, about: AboutSession = {}) {
    super(messageFor(sessionId, about), options);
    this.sessionId = sessionId;
    this.madeBy = about.madeBy;
  }
}

function messageFor(sessionId: string, { asked, madeBy }: AboutSession): string {
  const id = JSON.stringify(sessionId);
  const which = asked ? `opencode${asked.version === null ? "" : ` ${asked.version}`} at ${asked.path}` : "opencode";
  const what =
    madeBy === undefined
      ? `${which} knows no session ${id}.`
      : `${which} has no messages of the session ${id}: it is one of ${madeBy}.`;
  const other = asked?.other;
  const hint = other
    ? ` opencode ${other.version} at ${other.path} has sessions of its own: --opencode ${other.path} asks that one.`
    : "";
  const command = asked?.generation === 2 ? "opencode session export" : "opencode export";
  return `${what}${hint} \`opencode session list\` shows the sessions of the project you are in; a session of another machine or user (or of another XDG_DATA_HOME) has to be exported there: \`${command} <session> > file.json\`.`;
}
