import { resolve } from "node:path";
import { InvalidExportError } from "../errors/invalid-export-error.js";
import { hasCode, messageOf } from "../errors/thrown.js";
import { readNamedFile, UnfitFileError } from "../files/own-files.js";
import { isSessionId } from "../opencode/session.js";
import { decodeText } from "../text/decode-text.js";
import type { LoadOptions } from "./load-options.js";

/**
 * The text of an export that lies in a file or comes on standard input (`-`).
 *
 * @returns undefined where the source is a session's id
 * @throws {InvalidExportError} when there is no such file, or it cannot be read
 */
export async function readSource(source: string, options: LoadOptions): Promise<string | undefined> {
  if (source === "-") return options.readStdin();
  try {
    return decodeText(await readNamedFile(resolve(options.directory, source)));
  } catch (error) {
    if (hasCode(error, "ENOENT") && isSessionId(source)) return undefined;
    throw new InvalidExportError(source, whyUnreadable(error), { cause: error });
  }
}

function whyUnreadable(error: unknown): string {
  if (hasCode(error, "ENOENT")) return "there is no such file, and it is not a session's id (ses_…) either.";
  if (hasCode(error, "EISDIR")) return "this is a folder. Name the export files in it.";
  if (hasCode(error, "EACCES")) return "the file may not be read by you.";
  if (error instanceof UnfitFileError) return `it ${error.problem}.`;
  return `cannot be read: ${messageOf(error)}`;
}
