import { lstat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { readOwnText } from "../files/own-files.js";
import { namesIn } from "../files/private-files.js";
import { linesOfSessions } from "./lines-of-sessions.js";

/** A recording that the plugin made in an opencode that looptrace did not start: what of it is about some sessions. */
export interface PluginRecording {
  /** Unique among all; the file's name without its ending. */
  readonly name: string;
  /** Its lines, as the tap wrote them: not masked yet. */
  readonly text: string;
}

/** How old a recording gets, and how much all of them may hold; looptrace keeps what it needs of them elsewhere. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;
const KEPT_BYTES = 256 * 1024 * 1024;
/** The plugin ends a recording at half of this. */
const LONGEST_BYTES = 64 * 1024 * 1024;
const NAME = /^\d+-[0-9a-z]+\.jsonl$/;

/** Where the plugin's recordings are, below looptrace's folder. */
export function pluginRecordingsFolder(root: string): string {
  return join(root, "wire");
}

/** How many recordings of the plugin's are there; none where that cannot be told. */
export async function countPluginRecordings(root: string): Promise<number> {
  return (await recordingNames(root)).length;
}

async function recordingNames(root: string): Promise<readonly string[]> {
  const names = await namesIn(pluginRecordingsFolder(root)).catch(() => []);
  return names.filter((name) => NAME.test(name));
}

/**
 * What the plugin has recorded of some sessions and those below them. Recordings that are too old, or too many, are
 * removed meanwhile.
 *
 * @param root looptrace's folder
 * @param sessionIds at least one
 * @param since when the first of these sessions began; ms since the epoch. A recording that ended before is none of
 *   theirs and not read
 * @returns none where there is no plugin; what cannot be read is left out
 */
export async function pluginRecordingsOf(
  root: string,
  sessionIds: readonly string[],
  since = 0,
): Promise<readonly PluginRecording[]> {
  const found: PluginRecording[] = [];
  for (const file of await sweptRecordings(root, Date.now())) {
    const { name, path, changed } = file;
    const state = `${path}\n${changed}\n${file.bytes}`;
    const isForeign = !sessionIds.some((id) => named.get(state)?.has(id) ?? true);
    if (changed < since || isForeign) continue;
    const text = await readOwnText(path, LONGEST_BYTES).catch(() => "");
    const sessions = new Set(Array.from(text.matchAll(SESSION), ([, id = ""]) => id));
    named.set(state, sessions);
    if (sessionIds.some((id) => sessions.has(id))) found.push({ name, text: linesOfSessions(text, sessionIds, false) });
  }
  return found;
}

const SESSION = /^\{"t":"(?:request|tool)",[^{]*?"session":"([^"]*)"/gm;
/** The sessions that stand in a file, by its path and state: of many sessions most stand in few. */
const named = new Map<string, ReadonlySet<string>>();

interface KeptFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** ms since the epoch */
  readonly changed: number;
}

/** The plugin's recordings, the oldest first, without those that are not kept any longer. */
async function sweptRecordings(root: string, now: number): Promise<readonly KeptFile[]> {
  const folder = pluginRecordingsFolder(root);
  const files = await Promise.all((await recordingNames(root)).map((name) => fileAt(join(folder, name), name)));
  const there = files.filter((file) => file !== undefined).sort((a, b) => a.changed - b.changed);
  let bytes = there.reduce((sum, file) => sum + file.bytes, 0);
  const kept: KeptFile[] = [];
  for (const file of there) {
    if (file.changed < now - KEPT_MS || bytes > KEPT_BYTES) {
      bytes -= file.bytes;
      await unlink(file.path).catch(() => undefined);
    } else kept.push(file);
  }
  return kept;
}

async function fileAt(path: string, name: string): Promise<KeptFile | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  return { name: name.replace(/\.jsonl$/, ""), path, bytes: found.size, changed: found.mtimeMs };
}
