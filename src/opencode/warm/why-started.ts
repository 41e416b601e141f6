import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readOwnText } from "../../files/own-files.js";
import { fieldsOf, isFields } from "../../text/json-fields.js";
import { changesBetween, type Fingerprint, numberOfChanges } from "./fingerprint.js";
import { ENDS } from "./keeper-script.js";
import { readRecord } from "./server-record.js";
import { serverIds } from "./servers-folder.js";

type Parts = Fingerprint["parts"];

/** What the servers were like that were started last, the last one first. */
const LAST_STARTS = "last-starts.json";
const MOST_STARTS = 4;
const MOST_BYTES = 512 * 1024;
/** Of so many servers the end is known at least; a line too many costs nothing. */
const MOST_ENDS = 16;

/** A server that was started, whether it is there or not. */
interface StartedServer {
  /** Undefined where an older looptrace has noted it. */
  readonly id: string | undefined;
  readonly parts: Parts;
}

/** The servers that a new one is compared with. */
export interface ServersBefore {
  /** Those that runs may use. */
  readonly offered: readonly Parts[];
  /** Those that were started last, the last one first, whether they are there or not; of those alike the last. */
  readonly started: readonly StartedServer[];
  /** Why those that are there no more have ended, by their ids. */
  readonly ends: ReadonlyMap<string, string>;
}

/**
 * Why a new server is started: in what it differs from the nearest of those before it, and why that one ended where it
 * is there no more.
 */
export function whyNew({ offered, started, ends }: ServersBefore, parts: Parts): string {
  // Of equally near ones what is there is of more use to a person, and then what is younger.
  const before = [...offered, ...started.map((one) => one.parts)];
  const [nearest] = before.toSorted((a, b) => numberOfChanges(a, parts) - numberOfChanges(b, parts));
  if (nearest === undefined) return "the first";
  const changes = changesBetween(nearest, parts);
  // One that is there no more would have been of no use without the changes either.
  const isThere = changes !== undefined && offered.includes(nearest);
  const id = started.find((one) => numberOfChanges(one.parts, nearest) === 0)?.id;
  const end = isThere || id === undefined ? undefined : ends.get(id);
  const ended = end === undefined ? [] : [ENDED + end];
  return [...ended, ...(changes === undefined ? [] : [changes])].join("; ") || "there was none";
}

const ENDED = "the last one ended: ";

/**
 * Why a new server is started, see `whyNew`; notes what it is like for those after it. Never fails.
 *
 * @param servers the folder
 * @param id the new server's
 */
export async function whyStarted(servers: string, { parts }: Fingerprint, id: string): Promise<string> {
  const path = join(servers, LAST_STARTS);
  const [offered, started, ends] = await Promise.all([offeredIn(servers), startedIn(path), endsIn(servers)]);
  const others = started.filter((one) => numberOfChanges(one.parts, parts) > 0);
  // What cannot be noted is the reason all the same.
  await writeFile(path, JSON.stringify([{ id, parts }, ...others].slice(0, MOST_STARTS)), { mode: 0o600 }).catch(
    () => undefined,
  );
  return whyNew({ offered, started, ends }, parts);
}

async function startedIn(path: string): Promise<readonly StartedServer[]> {
  try {
    const noted: unknown = JSON.parse(await readOwnText(path, MOST_BYTES));
    return Array.isArray(noted) ? noted.filter(isFields).map(startIn) : [];
  } catch {
    return [];
  }
}

function startIn(noted: Readonly<Record<string, unknown>>): StartedServer {
  const { id, parts } = noted;
  return isFields(parts) && typeof id === "string"
    ? { id, parts: partsIn(parts) }
    : { id: undefined, parts: partsIn(noted) };
}

function partsIn(noted: unknown): Parts {
  const entries = Object.entries(fieldsOf(noted));
  return Object.fromEntries(entries.flatMap(([name, hash]) => (typeof hash === "string" ? [[name, hash]] : [])));
}

async function offeredIn(servers: string): Promise<readonly Parts[]> {
  const records = await Promise.all((await serverIds(servers)).map((id) => readRecord(join(servers, id))));
  return records.flatMap((record) => (record === undefined ? [] : [record.parts]));
}

/** Leaves few lines in the file, since each server adds one. */
async function endsIn(servers: string): Promise<ReadonlyMap<string, string>> {
  const path = join(servers, ENDS);
  try {
    const lines = (await readOwnText(path, MOST_BYTES)).split("\n").filter((line) => line !== "");
    if (lines.length > 2 * MOST_ENDS)
      await writeFile(path, `${lines.slice(-MOST_ENDS).join("\n")}\n`, { mode: 0o600 }).catch(() => undefined);
    return new Map(
      lines.flatMap((line) => {
        const [, id, why] = /^(\S+) (.+)$/.exec(line) ?? [];
        return id === undefined || why === undefined ? [] : [[id, why] as const];
      }),
    );
  } catch {
    return new Map();
  }
}
