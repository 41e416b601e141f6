import { OpenCodeCommandError } from "../../errors/opencode-command-error.js";
import { ServerRequestError } from "../../errors/server-request-error.js";
import { SessionNotFoundError } from "../../errors/session-not-found-error.js";
import { fieldsOf } from "../../text/json-fields.js";
import { type ExportResult, exportSession } from "../cli/export-session.js";
import type { CommandOptions } from "../cli/read-command.js";
import { type Generation, generationOf } from "../program/generation.js";
import { exportSession2 } from "../v2/cli/export-session.js";
import { withOwnServer } from "../v2/server/own-server.js";
import { readSession2From } from "../v2/server/read-session.js";
import type { SharedStore } from "./shared-store.js";

export interface StoreOptions extends CommandOptions {
  /** Which opencode `path` is: it alone decides how the store is read, not what lies in that. */
  readonly generation: Generation;
  /** Where more than one session is read. */
  readonly shared?: SharedStore | undefined;
}

/**
 * A session of opencode's store with those of its subagents, running, finished or half finished.
 *
 * 1.x exports each by a command; where there are many, a private server is asked in one start for all of them. opencode
 * 2 is always asked so: its export leaves out what has not come to its end, and its previews have none. Where the server
 * does not answer, the export does.
 *
 * @throws {SessionNotFoundError} when opencode does not know the session, or has no messages of it because another
 * generation made it
 * @throws {OpenCodeCommandError} when opencode fails or takes too long
 * @throws {ServerRequestError} when opencode 2 cannot be asked in either way
 * @throws {InvalidExportError} when what opencode wrote cannot be read
 */
export async function readStored(sessionId: string, options: StoreOptions): Promise<ExportResult> {
  const { generation, shared, ...command } = options;
  const read =
    generation === 1
      ? await (shared?.readOf1(sessionId, command) ?? exportSession(sessionId, command))
      : await readOf2(sessionId, command, shared);
  const madeBy = otherMaker(read.raw.get(sessionId) ?? "", generation);
  if (madeBy === undefined) return read;
  throw new SessionNotFoundError(sessionId, {}, { madeBy });
}

async function readOf2(
  sessionId: string,
  command: CommandOptions,
  shared: SharedStore | undefined,
): Promise<ExportResult> {
  try {
    if (shared) return await shared.readOf2(sessionId, command);
    return await withOwnServer(command, ({ connection }) => readSession2From(connection, sessionId, command.signal));
  } catch (error) {
    if (!(error instanceof ServerRequestError || error instanceof OpenCodeCommandError)) throw error;
    command.signal?.throwIfAborted();
    const exporting = () => exportSession2(sessionId, command);
    const exported = await (shared?.alone(exporting) ?? exporting()).catch((second: unknown) => {
      // It does not say more than the first, and the previews do not even know the command.
      throw second instanceof OpenCodeCommandError ? error : second;
    });
    const note = `${sessionId} was read by \`opencode session export\`, so what had not come to its end is missing in it: ${error.message}`;
    return { ...exported, notes: [note, ...exported.notes] };
  }
}

/** A session without messages is written in less. */
const LONGEST_EMPTY = 16 * 1024;

/**
 * Which opencode made a session that has no messages here. Both generations have one database; 1.x lists and exports
 * what previews of opencode 2 have put there, and the other way round, but the messages lie in tables of their own.
 */
function otherMaker(text: string, generation: Generation): string | undefined {
  if (text.length > LONGEST_EMPTY) return undefined;
  const { info, messages } = fieldsOf(JSON.parse(text));
  if (!Array.isArray(messages) || messages.length > 0) return undefined;
  const { version, cost, tokens } = fieldsOf(info);
  if (generation === 1)
    return typeof version === "string" && generationOf(version) === 2 ? `opencode ${version}` : undefined;
  // It cannot have cost anything without a message.
  const { input, output } = fieldsOf(tokens);
  return [cost, input, output].some((amount) => typeof amount === "number" && amount > 0) ? "opencode 1.x" : undefined;
}
