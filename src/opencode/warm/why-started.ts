import disk, { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readOwnText } from "../../files/own-files.js";
import { fieldsOf, isFields } from "../../text/json-fields.js";
import { changesBetween, type Fingerprint, numberOfChanges } from "./fingerprint.js";
import { readRecord } from "./server-record.js";
import { serverIds } from "./servers-folder.js";
import { LAST_END } from "./withdraw.js";

type Parts = Fingerprint["parts"];

/** What the servers were like that were started last, the last one first. */
const LAST_STARTS = "last-starts.json";
const MOST_STARTS = 4;
const MOST_BYTES = 512 * 1024;

/** The servers that a new one is compared with. */
export interface ServersBefore {
  /** Those that runs may use. */
  readonly offered: readonly Parts[];
  /** Those that were started last, the last one first, whether they are there or not. */
  readonly started: readonly Parts[];
  /** Why a server has ended since the last one was started; empty where none has. */
  readonly end: string;
}

/**
 * Why a new server is started: in what it differs from the nearest of those before it, and why that one ended where it
 * is there no more.
 */
export function whyNew({ offered, started, end }: ServersBefore, parts: Parts): string {
  // Of equally near ones what is there is of more use to a person, and then what is younger.
  const [nearest] = [...offered, ...started].toSorted((a, b) => numberOfChanges(a, parts) - numberOfChanges(b, parts));
  if (nearest === undefined) return "the first";
  const changes = changesBetween(nearest, parts);
  // One that is there no more would have been of no use without the changes either.
  const isThere = changes !== undefined && offered.includes(nearest);
  const ended = end === "" || isThere ? [] : [ENDED + end];
  return [...ended, ...(changes === undefined ? [] : [changes])].join("; ") || "there was none";
}

const ENDED = "the last one ended: ";

/**
 * Why a new server is started, see `whyNew`; notes what it is like for those after it. Never fails.
 *
 * @param servers the folder
 */
export async function whyStarted(servers: string, { parts }: Fingerprint): Promise<string> {
  const path = join(servers, LAST_STARTS);
  const [offered, started, end] = await Promise.all([offeredIn(servers), startedIn(path), endSince(servers, path)]);
  const others = started.filter((one) => numberOfChanges(one, parts) > 0);
  // What cannot be noted is the reason all the same.
  await writeFile(path, JSON.stringify([parts, ...others].slice(0, MOST_STARTS)), { mode: 0o600 }).catch(
    () => undefined,
  );
  return whyNew({ offered, started, end }, parts);
}

async function startedIn(path: string): Promise<readonly Parts[]> {
  try {
    const noted: unknown = JSON.parse((await readOwnText(path, MOST_BYTES)) ?? "[]");
    return Array.isArray(noted) ? noted.filter(isFields).map(partsIn) : [];
  } catch {
    return [];
  }
}

function partsIn(noted: unknown): Parts {
  const entries = Object.entries(fieldsOf(noted));
  return Object.fromEntries(entries.flatMap(([name, hash]) => (typeof hash === "string" ? [[name, hash]] : [])));
}

async function offeredIn(servers: string): Promise<readonly Parts[]> {
  const records = await Promise.all((await serverIds(servers)).map((id) => readRecord(join(servers, id))));
  return records.flatMap((record) => (record === undefined ? [] : [record.parts]));
}

async function endSince(servers: string, lastStarts: string): Promise<string> {
  const path = join(servers, LAST_END);
  try {
    const [{ mtimeMs: end }, { mtimeMs: start }] = await Promise.all([disk.stat(path), disk.stat(lastStarts)]);
    return end < start ? "" : (await readFile(path, "utf8")).trim();
  } catch {
    return "";
  }
}
