import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedStore } from "../files/trusted-store.js";
import { isSessionId } from "../opencode/session.js";
import { storedExport } from "./session-store.js";
import { fileOf, namesIn } from "./store-files.js";

/** The session that was stored last, subagents' sessions aside; undefined when there is none. */
export async function lastStoredSession(paths: StorePaths): Promise<string | undefined> {
  for (const id of await storedIds(paths)) {
    const session = await storedExport(paths, id);
    if (session && session.info.parentID === undefined) return id;
  }
  return undefined;
}

/** The files of one stored session, as far as a folder's listing tells of them. */
export interface StoredFiles {
  readonly id: string;
  /** Another one when any of the files is another one: their names, times and sizes. */
  readonly fingerprint: string;
  /** When the export was written, ms since the epoch. */
  readonly storedAt: number;
}

/**
 * What is stored, without reading it: sessions and subagents' sessions by their ids.
 *
 * @throws the file system's error when the folder is there and cannot be read
 */
export async function storedFiles(paths: StorePaths): Promise<ReadonlyMap<string, StoredFiles>> {
  refuseUntrustedStore(paths);
  const found = new Map<string, { storedAt?: number; readonly prints: string[] }>();
  const listing = await Promise.all(
    [...(await namesIn(paths))].sort().map(async (name) => {
      const id = /^([^.]+)\.(?:(?:(?:run|mcp)-.+\.|children\.)?(?:json|log)|wire-.+\.jsonl)$/.exec(name)?.[1] ?? "";
      // Another process may have removed it meanwhile.
      const facts = isSessionId(id) && (await lstat(join(paths.sessions, name)).catch(() => undefined));
      return { name, id, facts };
    }),
  );
  for (const { name, id, facts } of listing) {
    if (!facts) continue;
    const files = found.get(id) ?? { prints: [] };
    files.prints.push(`${name} ${facts.mtimeMs} ${facts.size}`);
    if (name === `${id}.json`) files.storedAt = facts.mtimeMs;
    found.set(id, files);
  }
  const stored = new Map<string, StoredFiles>();
  for (const [id, { storedAt, prints }] of found) {
    // Logs and runs alone are no session.
    if (storedAt !== undefined) stored.set(id, { id, storedAt, fingerprint: prints.join("\n") });
  }
  return stored;
}

/** All stored sessions, the one stored last first. */
async function storedIds(paths: StorePaths): Promise<readonly string[]> {
  const ids = (await namesIn(paths))
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length));
  const times = await Promise.all(
    ids.filter(isSessionId).map(async (id) => ({ id, at: (await lstat(fileOf(paths, id, "json"))).mtimeMs })),
  );
  return times.sort((a, b) => b.at - a.at).map(({ id }) => id);
}
