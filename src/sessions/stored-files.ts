import { lstatSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../errors/thrown.js";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedStore } from "../files/trusted-store.js";
import { isSessionId } from "../opencode/session.js";
import { storedExport } from "./session-store.js";
import { fileOf, namesIn } from "./store-files.js";

/** The session that was stored last, subagents' sessions aside; undefined when there is none. */
export async function lastStoredSession(paths: StorePaths): Promise<string | undefined> {
  return (await lastStoredSessions(paths, 1))[0];
}

/** Sessions that were stored last, subagents' aside, the last one first; fewer where there are no more. */
export async function lastStoredSessions(paths: StorePaths, count: number): Promise<readonly string[]> {
  const last: string[] = [];
  for (const id of await storedIds(paths)) {
    if (last.length === count) break;
    const session = await storedExport(paths, id);
    if (session && session.info.parentID === undefined) last.push(id);
  }
  return last;
}

/** The ids of stored sessions, subagents' too, that begin so. @param beginning with or without `ses_` */
export type IdsWith = (beginning: string) => Promise<readonly string[]>;

/** Finds them in one listing of the folder, made when it is first asked: of thousands each takes as long as it is. */
export function storedIdsOnce(paths: StorePaths): IdsWith {
  let listed: Promise<readonly string[]> | undefined;
  const list = async (): Promise<readonly string[]> => {
    refuseUntrustedStore(paths);
    const names = (await namesIn(paths)).filter((name) => name.endsWith(".json"));
    return names
      .map((name) => name.slice(0, -".json".length))
      .filter(isSessionId)
      .sort();
  };
  return async (beginning) => {
    listed ??= list();
    const ids = await listed;
    const whole = beginning.startsWith("ses_") ? beginning : `ses_${beginning}`;
    const from = firstFrom(ids, whole);
    let to = from;
    while (ids[to]?.startsWith(whole)) to += 1;
    return ids.slice(from, to);
  };
}

/** Where the first text stands that is not before this one. @param sorted ascending */
function firstFrom(sorted: readonly string[], text: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? "") < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The files of one stored session, as far as a folder's listing tells of them. */
export interface StoredFiles {
  readonly id: string;
  /** Another one when any of the files is another one: their names, times and sizes. */
  readonly fingerprint: string;
  /** When the export was written, ms since the epoch. */
  readonly storedAt: number;
  /** All of its files. */
  readonly names: readonly string[];
  /** Of those the notes on who drives a turn of it, see `run-owner.ts`; they are not in the fingerprint. */
  readonly owners: readonly string[];
}

/** Other work goes on between so many looks at files, which are quicker one by one than in the pool of threads. */
const LOOKS_AT_ONCE = 2_000;

/**
 * What is stored, without reading it: sessions and subagents' sessions by their ids.
 *
 * @throws the file system's error when the folder is there and cannot be read
 */
export async function storedFiles(paths: StorePaths): Promise<ReadonlyMap<string, StoredFiles>> {
  refuseUntrustedStore(paths);
  const found = new Map<string, { storedAt?: number; readonly prints: string[]; names: string[]; owners: string[] }>();
  let looks = 0;
  for (const name of [...(await namesIn(paths))].sort()) {
    const [, id = "", kind = ""] = STORED.exec(name) ?? [];
    if (!isSessionId(id)) continue;
    looks += 1;
    if (looks % LOOKS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    // Another process may have removed it meanwhile.
    const facts = attempt(() => lstatSync(join(paths.sessions, name), { throwIfNoEntry: false }));
    if (!facts) continue;
    const files = found.get(id) ?? { prints: [], names: [], owners: [] };
    found.set(id, files);
    files.names.push(name);
    if (kind.startsWith("owner-")) files.owners.push(name);
    else files.prints.push(`${name} ${facts.mtimeMs} ${facts.size}`);
    if (kind === "json") files.storedAt = facts.mtimeMs;
  }
  const stored = new Map<string, StoredFiles>();
  for (const [id, { storedAt, prints, names, owners }] of found) {
    // Logs and runs alone are no session.
    if (storedAt !== undefined) stored.set(id, { id, storedAt, fingerprint: prints.join("\n"), names, owners });
  }
  return stored;
}

const STORED = /^([^.]+)\.((?:(?:run|mcp|owner)-.+\.|children\.)?(?:json|log)|wire-.+\.jsonl)$/;

/** All stored sessions, the one stored last first. */
async function storedIds(paths: StorePaths): Promise<readonly string[]> {
  const ids = (await namesIn(paths))
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length));
  const times = ids.filter(isSessionId).flatMap((id) => {
    // Another process may have removed it meanwhile.
    const facts = attempt(() => lstatSync(fileOf(paths, id, "json"), { throwIfNoEntry: false }));
    return facts ? [{ id, at: facts.mtimeMs }] : [];
  });
  return times.sort((a, b) => b.at - a.at).map(({ id }) => id);
}
