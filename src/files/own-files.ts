import { appendFileSync, closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { type FileHandle, lstat, open, stat } from "node:fs/promises";
import { hasCode } from "../errors/thrown.js";
import { decodeText } from "../text/decode-text.js";
import { currentIdentity } from "../trust/identity.js";
import { isTrustedByName } from "../trust/trusted-paths.js";

/** A file that is none of ours to read: a link, a pipe, a device, another user's, or too long. */
export class UnfitFileError extends Error {
  override readonly name = "UnfitFileError";

  /** @param problem goes on with "it"; for a person */
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super(`${path} is not read: it ${problem}`);
  }
}

/** What a system without links, pipes or owners does not know. */
const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/** Beyond this no string of Node's can be. */
export const LONGEST_TEXT_BYTES = 512 * 1024 * 1024;

/**
 * Opens a file of looptrace's own for reading, in a folder where others may put theirs too: a regular file of this
 * user's, and no link to one. It never waits, as opening a pipe would.
 *
 * @throws {UnfitFileError} when it is something else
 * @throws the file system's error
 */
export async function openOwnFile(path: string): Promise<FileHandle> {
  return await checked(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, "own");
}

/**
 * The same for appending; a file that is not there is made, for this user alone.
 *
 * @throws {UnfitFileError} when it is something else
 * @throws the file system's error
 */
export async function appendToOwnFile(path: string): Promise<FileHandle> {
  return await checked(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, "own");
}

/**
 * Opens a regular file of any owner for reading, also by a link: one of opencode's, say, which its user may have put
 * elsewhere. It never waits.
 *
 * @throws {UnfitFileError} when it is a pipe, a device or a folder
 * @throws the file system's error
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  return await checked(path, O_RDONLY | O_NONBLOCK, "any");
}

/**
 * Appends a short text in one write, and at once: to a thread for the disk and back would take longer.
 *
 * @returns how many bytes the file had before; 0 also for one that was made, for this user alone
 * @throws {UnfitFileError} when it is not this user's own
 * @throws the file system's error
 */
export function appendToOwnFileNow(path: string, text: string): number {
  return withOwnFileNow(path, O_WRONLY | O_APPEND | O_CREAT, (file, { size }) => {
    appendFileSync(file, text);
    return size;
  });
}

/**
 * Reads a small file of looptrace's own at once.
 *
 * @throws {UnfitFileError} when it is not this user's own, or longer
 * @throws the file system's error
 */
export function readOwnTextNow(path: string, mostBytes: number): string {
  return withOwnFileNow(path, O_RDONLY, (file, { size }) => {
    if (size > mostBytes) throw tooLong(path, mostBytes);
    return readFileSync(file, "utf8");
  });
}

function withOwnFileNow<Result>(path: string, flags: number, use: (file: number, found: Stats) => Result): Result {
  let file: number;
  try {
    file = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    throw cannotBeOpened(path, error);
  }
  try {
    const found = fstatSync(file);
    refuseUnfit(found, path, "own");
    return use(file, found);
  } finally {
    closeSync(file);
  }
}

async function checked(path: string, flags: number, whose: "own" | "any"): Promise<FileHandle> {
  const file = await open(path, flags, 0o600).catch((error: unknown) => {
    throw cannotBeOpened(path, error);
  });
  try {
    refuseUnfit(await file.stat(), path, whose);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function cannotBeOpened(path: string, error: unknown): unknown {
  // FreeBSD says EMLINK.
  if (hasCode(error, "ELOOP") || hasCode(error, "EMLINK")) return new UnfitFileError(path, "is a link");
  // A pipe without a reader, or a socket.
  return hasCode(error, "ENXIO") ? new UnfitFileError(path, "is no regular file") : error;
}

/** @throws {UnfitFileError} */
function refuseUnfit(found: Stats, path: string, whose: "own" | "any"): void {
  if (found.isDirectory()) throw new UnfitFileError(path, "is a folder");
  if (!found.isFile()) throw new UnfitFileError(path, "is no regular file");
  if (whose === "own" && !isOwn(found.uid) && !isTrustedByName(path, process.env))
    throw new UnfitFileError(path, "belongs to another user");
}

/**
 * Reads a file of looptrace's own, whole.
 *
 * @param mostBytes what is longer is refused before it is read
 * @throws {UnfitFileError} when it is a link, no regular file, another user's, or longer
 * @throws the file system's error
 */
export async function readOwnFile(path: string, mostBytes = LONGEST_TEXT_BYTES): Promise<Buffer> {
  const file = await openOwnFile(path);
  try {
    return await readToEnd(file, path, mostBytes);
  } finally {
    await file.close();
  }
}

/** The same as text. */
export async function readOwnText(path: string, mostBytes = LONGEST_TEXT_BYTES): Promise<string> {
  return (await readOwnFile(path, mostBytes)).toString("utf8");
}

/**
 * Reads what a person has named: links are followed, and a pipe is read to its end (`<(…)`), but only so much of
 * anything.
 *
 * @throws {UnfitFileError} when it is longer
 * @throws the file system's error
 */
export async function readNamedFile(path: string, mostBytes = LONGEST_TEXT_BYTES): Promise<Buffer> {
  const file = await open(path, O_RDONLY);
  try {
    return await readToEnd(file, path, mostBytes);
  } finally {
    await file.close();
  }
}

/** The same as text, in whichever encoding a person's editor or shell has written it. */
export async function readNamedText(path: string, mostBytes = LONGEST_TEXT_BYTES): Promise<string> {
  return decodeText(await readNamedFile(path, mostBytes));
}

/** Which files are large. */
export interface LargeFile {
  /** What is shorter is not read, nor is what is no regular file. */
  readonly leastBytes: number;
  /** Nor is what is longer. */
  readonly mostBytes: number;
  /** `own`: one of looptrace's own, and no link; `any`: one that a person has named, also by a link. */
  readonly whose: "own" | "any";
}

/**
 * Reads a large regular file chunk by chunk.
 *
 * @param read is given the chunks, one after the other, and how many bytes there are in all
 * @returns undefined where it was not read
 * @throws {UnfitFileError} when it is to be looptrace's own and is another's
 * @throws the file system's error
 */
export async function readLargeFile<Result>(
  path: string,
  { leastBytes, mostBytes, whose }: LargeFile,
  read: (chunks: AsyncIterable<Uint8Array>, bytes: number) => Promise<Result>,
): Promise<Result | undefined> {
  // Opening a pipe and not reading it would break it off.
  const isLarge = (found: Stats): boolean => found.isFile() && found.size >= leastBytes && found.size <= mostBytes;
  if (!isLarge(await (whose === "own" ? lstat : stat)(path))) return undefined;
  const file = await (whose === "own" ? openOwnFile : openRegularFile)(path);
  try {
    const found = await file.stat();
    return isLarge(found) ? await read(chunksOf(file), found.size) : undefined;
  } finally {
    await file.close();
  }
}

const LARGE_CHUNK_BYTES = 4 * 1024 * 1024;

async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(LARGE_CHUNK_BYTES), 0, LARGE_CHUNK_BYTES, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * Whether a folder is this user's own, no link, and closed to writers of another account: what lies in it is then this
 * user's doing. False also where there is none.
 */
export async function isOwnFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isDirectory() || !isOwn(found.uid)) return false;
  return process.platform === "win32" || (found.mode & 0o022) === 0;
}

/** Whether something belongs to the user that this process works for, or to root. */
function isOwn(uid: number): boolean {
  return currentIdentity(process.env)?.uids.has(uid) ?? true;
}

const CHUNK_BYTES = 1024 * 1024;
/** Of /dev/zero and its like there is no end. */
const MOST_DEVICE_BYTES = 1024 * 1024;

/** Its size may be unknown (a pipe) or grow meanwhile, so it is not believed. */
async function readToEnd(file: FileHandle, path: string, mostBytes: number): Promise<Buffer> {
  const found = await file.stat();
  const isDevice = found.isCharacterDevice() || found.isBlockDevice();
  // A terminal is one too, and what is typed is short.
  if (isDevice && mostBytes > MOST_DEVICE_BYTES) return await readToEnd(file, path, MOST_DEVICE_BYTES);
  if (found.size > mostBytes) throw tooLong(path, mostBytes);
  const chunks: Buffer[] = [];
  let total = 0;
  // One byte more than it says tells whether it says so rightly.
  const first = Buffer.allocUnsafe(Math.min(found.size, mostBytes) + 1);
  for (let into = first; ; into = into === first ? Buffer.allocUnsafe(CHUNK_BYTES) : into) {
    const { bytesRead } = await file.read(into, 0, into.length, null);
    if (bytesRead === 0) return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    total += bytesRead;
    if (total > mostBytes) throw tooLong(path, mostBytes);
    const read = into.subarray(0, bytesRead);
    // A pipe gives 64 KB at a time: what is read into is used again, and not kept for each of them.
    chunks.push(into === first ? read : Buffer.from(read));
  }
}

function tooLong(path: string, mostBytes: number): UnfitFileError {
  return new UnfitFileError(path, `is longer than the ${inMegabytes(mostBytes)} that are read`);
}

function inMegabytes(bytes: number): string {
  return bytes < 1024 * 1024 ? `${bytes} bytes` : `${Math.floor(bytes / 1024 / 1024)} MB`;
}
