import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StorePaths } from "../../src/files/store-paths.js";
import { asMasked } from "../../src/masking/masked.js";
import { type SessionSnapshot, saveSession } from "../../src/sessions/session-store.js";
import { at, loadFixture } from "./fixtures.js";

/** Stores a session with whatever stands in it, as a looptrace would that masks nothing. */
export async function saveAsItIs(paths: StorePaths, snapshot: SessionSnapshot): Promise<void> {
  await saveSession(paths, asMasked(snapshot, false));
}

/**
 * Keeps what a fixture recorded, as a run of looptrace would.
 *
 * @param change what is done to each export's text
 * @returns the session's id
 */
export async function keepFixture(
  paths: StorePaths,
  name: string,
  change: (text: string) => string = (text) => text,
): Promise<string> {
  const { session, text, subagents, subagentTexts, logText } = loadFixture(name);
  const children = subagents.map(({ info }, index): [string, string] => [info.id, change(at(subagentTexts, index))]);
  const raw = new Map([[session.info.id, change(text)], ...children]);
  await saveAsItIs(paths, { rootId: session.info.id, raw, logText });
  return session.info.id;
}

/** Makes a kept session look as if it was kept then, ms since the epoch. */
export async function keptAt(paths: StorePaths, id: string, ms: number): Promise<void> {
  await utimes(join(paths.sessions, `${id}.json`), ms / 1000, ms / 1000);
}

/** Puts a file there that is no export. */
export async function keepDamaged(paths: StorePaths, id: string, text: string): Promise<void> {
  await writeFile(join(paths.sessions, `${id}.json`), text, { mode: 0o600 });
}
