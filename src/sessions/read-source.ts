import { basename, resolve } from "node:path";
import { InvalidExportError } from "../errors/invalid-export-error.js";
import { hasCode, messageOf } from "../errors/thrown.js";
import { readNamedFile, UnfitFileError } from "../files/own-files.js";
import { isSessionId, readExport, type SessionExport } from "../opencode/session.js";
import { decodeText } from "../text/decode-text.js";
import type { WireEvidence } from "../wire/model.js";
import { wireOfSessions } from "../wire/recording/combine.js";
import { readRecording } from "../wire/recording/read-recording.js";
import { largeExport } from "./large-export.js";
import type { LoadOptions } from "./load-options.js";

/**
 * The export that lies in a file or comes on standard input (`-`).
 *
 * @returns undefined where the source is a session's id
 * @throws {InvalidExportError} when there is no such file, it cannot be read, or is no export
 */
export async function readSource(source: string, options: LoadOptions): Promise<SessionExport | undefined> {
  if (source === "-") return readExport(await options.readStdin(), source);
  const path = resolve(options.directory, source);
  try {
    return (
      (await largeExport(path, source, "any", options)) ?? readExport(decodeText(await readNamedFile(path)), source)
    );
  } catch (error) {
    if (error instanceof InvalidExportError) throw error;
    if (hasCode(error, "ENOENT") && isSessionId(source)) return undefined;
    const why = hasCode(error, "ENOENT") && TRACE_ID.test(source) ? ofTrace(source) : whyUnreadable(error);
    throw new InvalidExportError(source, why, { cause: error });
  }
}

const TRACE_ID = /^[0-9a-f]{32}$/i;

function ofTrace(id: string): string {
  return `there is no such file. A trace of this id is read back by \`looptrace show --from langfuse ${id}\`; on this machine name its session (ses_…).`;
}

const EXPORT = /\.json$/;

/**
 * What was sent to models, where a recording of it lies beside an export: `<name>.wire.jsonl` beside `<name>.json`. One
 * that cannot be read is a note.
 *
 * @param sessionId only what is that session's, and of those below it
 * @returns undefined where there is none
 */
export async function wireBeside(
  source: string,
  sessionId: string,
  { directory, onNote }: LoadOptions,
): Promise<WireEvidence | undefined> {
  if (!EXPORT.test(source)) return undefined;
  const path = resolve(directory, source.replace(EXPORT, ".wire.jsonl"));
  try {
    const text = decodeText(await readNamedFile(path));
    return wireOfSessions(readRecording(text, basename(path)), [sessionId]);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) onNote?.(`${path}: ${whyUnreadable(error)}`);
    return undefined;
  }
}

function whyUnreadable(error: unknown): string {
  if (hasCode(error, "ENOENT")) return "there is no such file, and it is not a session's id (ses_…) either.";
  if (hasCode(error, "EISDIR")) return "this is a folder. Name the export files in it.";
  if (hasCode(error, "EACCES")) return "the file may not be read by you.";
  if (error instanceof UnfitFileError) return `it ${error.problem}.`;
  return `cannot be read: ${messageOf(error)}`;
}
