import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { attempt } from "../../errors/thrown.js";
import { type FileLock, lockFile } from "../../files/file-lock.js";
import type { Generation } from "../program/generation.js";
import { authorization, type ServerConnection } from "../server/connection.js";
import { isOk, send, textOf } from "../server/patient-fetch.js";
import { digest } from "./hashed-files.js";
import { type Lease, liveLeases } from "./leases.js";

/** Where a server's folder says what the directories were like that it has worked in. */
const PLACES = "places";
const DISPOSE_MS = 3_000;
const LOCK_MS = 3_000;
const POLL_MS = 20;
const MOST_ANSWER_BYTES = 1024 * 1024;

/** A server, as far as its directories go. */
export interface PlacedServer {
  readonly folder: string;
  readonly connection: ServerConnection;
  readonly generation: Generation;
}

/**
 * Has a server know a directory as it is now. opencode looks once at what repository it is in; where that has changed
 * since, what it knows of it is thrown away, unless another run works there.
 *
 * @returns whether it does
 */
export async function enterPlace(server: PlacedServer, lease: Lease, directory: string): Promise<boolean> {
  if (directory.includes("\n")) return false;
  const stamp = stampOf(directory);
  lease.addDirectory(directory);
  return await atPlace(server, directory, async (path) => {
    const before = await readFile(path, "utf8").catch(() => undefined);
    if (before === stamp) return true;
    if (before !== undefined) {
      if (await isUsedByOthers(server.folder, lease, directory)) return false;
      if (!(await dispose(server, directory))) return false;
    }
    await writeFile(path, stamp, { mode: 0o600 });
    return true;
  });
}

/**
 * Has a server end what it has started for a directory, such as tool servers, unless another run works there.
 *
 * @returns false where it could not
 */
export async function clearPlace(server: PlacedServer, lease: Lease, directory: string): Promise<boolean> {
  return await atPlace(server, directory, async (path) => {
    if (await isUsedByOthers(server.folder, lease, directory)) return true;
    await unlink(path).catch(() => undefined);
    return await dispose(server, directory);
  });
}

/** One run at a time: none enters while another one throws away what is there. */
async function atPlace(
  { folder }: PlacedServer,
  directory: string,
  work: (path: string) => Promise<boolean>,
): Promise<boolean> {
  const path = join(folder, PLACES, digest(directory).slice(0, 32));
  await mkdir(join(folder, PLACES), { mode: 0o700, recursive: true });
  const giveUpAt = performance.now() + LOCK_MS;
  let lock: FileLock | undefined;
  for (;;) {
    lock = await lockFile(path);
    if (lock) break;
    if (performance.now() > giveUpAt) return false;
    await sleep(POLL_MS);
  }
  try {
    return await work(path);
  } finally {
    await lock.release().catch(() => undefined);
  }
}

/** By what a path leads to: another run may have come to the same directory by a link. */
async function isUsedByOthers(folder: string, { name }: Lease, directory: string): Promise<boolean> {
  const leases = await liveLeases(folder);
  const own = realPathOf(directory);
  return leases.some((lease) => lease.name !== name && lease.directories.some((one) => realPathOf(one) === own));
}

function realPathOf(directory: string): string {
  return attempt(() => realpathSync(directory)) ?? directory;
}

async function dispose({ connection, generation }: PlacedServer, directory: string): Promise<boolean> {
  const url = new URL(generation === 2 ? "/api/debug/location" : "/instance/dispose", connection.url);
  if (generation === 2) url.searchParams.set("location[directory]", directory);
  else url.searchParams.set("directory", directory);
  try {
    const answer = await send(url.href, {
      method: generation === 2 ? "DELETE" : "POST",
      headers: authorization(connection),
      signal: AbortSignal.timeout(DISPOSE_MS),
    });
    await textOf(answer, MOST_ANSWER_BYTES);
    return isOk(answer);
  } catch {
    return false;
  }
}

/** What opencode looks at once in a directory: which folder it is, and of which repository. */
export function stampOf(directory: string): string {
  const facts: unknown[] = [identityOf(directory)];
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    const git = join(folder, ".git");
    const found = identityOf(git);
    if (found !== null) {
      const read = (name: string): string | undefined => attempt(() => readFileSync(join(git, name), "latin1"));
      const heads = attempt(() => readdirSync(join(git, "refs", "heads")).length > 0) ?? false;
      const hasCommits = heads || identityOf(join(git, "packed-refs")) !== null;
      facts.push(git, found, read("HEAD") ?? attempt(() => readFileSync(git, "latin1")), hasCommits);
    }
    if (found !== null || folder === dirname(folder)) return JSON.stringify(facts);
  }
}

function identityOf(path: string): readonly number[] | null {
  const found = attempt(() => statSync(path));
  // What is made in the place of another one that was removed often gets its number.
  return found ? [found.dev, found.ino, found.birthtimeMs] : null;
}
