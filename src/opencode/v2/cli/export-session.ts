import { OpenCodeCommandError } from "../../../errors/opencode-command-error.js";
import { SessionNotFoundError } from "../../../errors/session-not-found-error.js";
import { collectSessions, type ExportResult, type ReadSession } from "../../cli/export-session.js";
import { type CommandOptions, readCommand } from "../../cli/read-command.js";
import { exportJson, readExport } from "../../read/read-export.js";
import { isSessionId } from "../../schema/ids.js";

/**
 * A session with those of its subagents that its tools name, by `opencode session export` of opencode 2. What has not
 * come to its end is not in it: {@link readSession2From} reads that too.
 *
 * `--standalone`, because without it opencode asks the service that its clients share, and leaves one running where
 * there is none.
 *
 * @throws {SessionNotFoundError} when opencode does not know the session
 * @throws {OpenCodeCommandError} when the export itself fails or takes too long
 * @throws {InvalidExportError} when what opencode wrote cannot be read
 */
export async function exportSession2(sessionId: string, options: CommandOptions): Promise<ExportResult> {
  return await collectSessions(sessionId, { read: (id) => exportOne(id, options), signal: options.signal });
}

async function exportOne(sessionId: string, options: CommandOptions): Promise<ReadSession> {
  // Anything else could be taken for an option.
  if (!isSessionId(sessionId)) throw new SessionNotFoundError(sessionId);
  let text: string;
  try {
    text = await readCommand(["session", "export", sessionId, "--standalone"], options);
  } catch (cause) {
    const isUnknown = cause instanceof OpenCodeCommandError && /session not found/i.test(cause.stderr);
    throw isUnknown ? new SessionNotFoundError(sessionId, { cause }) : cause;
  }
  return { text: `${JSON.stringify(exportJson(text, sessionId), null, 2)}\n`, session: readExport(text, sessionId) };
}
