/** opencode does not know the session (any more). The message says what to do. */
export class SessionNotFoundError extends Error {
  override readonly name = "SessionNotFoundError";
  readonly code = "session_not_found";
  constructor(
    readonly sessionId: string,
    options?: ErrorOptions,
  ) {
    super(
      `opencode knows no session ${JSON.stringify(sessionId)}. \`opencode session list\` shows the sessions of the project you are in; a session of another machine or user (or of another XDG_DATA_HOME) has to be exported there: \`opencode export <session> > file.json\`.`,
      options,
    );
  }
}
