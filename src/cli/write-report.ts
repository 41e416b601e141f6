import { realpath, stat, writeFile } from "node:fs/promises";
import { ConfigurationError } from "../errors/configuration-error.js";
import { hasCode, messageOf } from "../errors/thrown.js";
import { writeWhole } from "../files/private-files.js";

/**
 * Writes a report to a file, whole or not at all, readable by its owner alone: it holds what the sessions
 * hold. What was there is replaced; a link stays one, and what is no file (a pipe, a device) is written to as
 * it is.
 *
 * @param sources the files that the report was made from; none of them is overwritten
 * @returns how many bytes were written
 * @throws {ConfigurationError} when the file cannot be written
 */
export async function writeReport(
  path: string,
  pieces: readonly string[],
  sources: readonly string[],
): Promise<number> {
  const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
  try {
    const target = await realpath(path).catch(() => path);
    const inputs = await Promise.all(sources.map((source) => realpath(source).catch(() => undefined)));
    if (inputs.includes(target)) {
      throw new ConfigurationError("--output", `${path} is what the report is made from.\nName another file.`);
    }
    const there = await stat(target).catch(() => undefined);
    if (there && !there.isFile() && !there.isDirectory()) await writeFile(target, bytes);
    else await writeWhole(target, bytes);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError("--output", `${path} cannot be written: ${whyNot(error)}`);
  }
  return bytes.length;
}

function whyNot(error: unknown): string {
  if (hasCode(error, "ENOENT")) return "there is no such folder.\nMake it first, or name another.";
  if (hasCode(error, "EISDIR")) return "this is a folder.\nName a file in it.";
  if (hasCode(error, "ENAMETOOLONG")) return "its name is too long.\nGive a shorter one.";
  if (hasCode(error, "ENOTDIR")) return "a part of its path is no folder.";
  if (hasCode(error, "EACCES") || hasCode(error, "EPERM")) return "you may not write there.";
  if (hasCode(error, "ENOSPC")) return "the disk is full.";
  if (hasCode(error, "EROFS")) return "the file system is read-only.";
  return messageOf(error);
}
