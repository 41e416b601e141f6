import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { attempt, hasCode, messageOf } from "../../errors/thrown.js";
import { appendToOwnFileNow, LONGEST_TEXT_BYTES, readOwnTextNow } from "../../files/own-files.js";
import { ensurePrivateFolder, syncFile, syncFolder } from "../../files/private-files.js";
import type { StorePaths } from "../../files/store-paths.js";
import { refuseUntrustedFolder } from "../../files/trusted-store.js";
import { defined, isFields } from "../../text/json-fields.js";
import type { Fingerprint } from "./fingerprint.js";

/** What a destination has acknowledged of one trace. */
export interface Receipts {
  readonly spanIds: ReadonlySet<string>;
  /** How they looked, by span id, where that was noted. */
  readonly fingerprints: ReadonlyMap<string, Fingerprint>;
  /** What could not be read and therefore counts as not sent, in words. */
  readonly problems: readonly string[];
}

/** One line of a receipt file. Lines are read in order: what was forgotten may be acknowledged again. */
const receipt = z.union([
  z.object({
    acknowledged: z.array(z.string()),
    fingerprint: z.string().optional(),
    /** As versions before had it: what all of them share, and what single ones add to that, by span id. */
    shared: z.string().optional(),
    own: z.record(z.string(), z.string()).optional(),
  }),
  z.object({ forgotten: z.array(z.string()) }),
]);
type Receipt = z.output<typeof receipt>;

/** Reads which spans a destination acknowledged. What is damaged counts as not sent and is reported. Never throws. */
export async function readReceipts(paths: StorePaths, destinationId: string, traceId: string): Promise<Receipts> {
  const path = receiptPath(paths, destinationId, traceId);
  let text: string;
  try {
    text = await readSettled(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return NO_RECEIPTS;
    const problem = `the receipts in ${path} cannot be read (${messageOf(error)}); their spans count as not sent`;
    return { ...NO_RECEIPTS, problems: [problem] };
  }
  const spanIds = new Set<string>();
  const fingerprints = new Map<string, Fingerprint>();
  let damaged = 0;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const entry = readLine(line);
    if (entry === undefined) damaged += 1;
    else if ("forgotten" in entry) for (const id of entry.forgotten) spanIds.delete(id);
    else {
      const { acknowledged, fingerprint, shared, own } = entry;
      for (const id of acknowledged) {
        spanIds.add(id);
        const before = own?.[id] === undefined ? shared : `${shared}-${own[id]}`;
        const noted = fingerprint ?? before;
        if (noted === undefined) fingerprints.delete(id);
        else fingerprints.set(id, noted);
      }
    }
  }
  const lines = damaged === 1 ? "line" : "lines";
  const problem = `${damaged} damaged ${lines} in ${path}: the spans named there count as not sent`;
  return { spanIds, fingerprints, problems: damaged === 0 ? [] : [problem] };
}

/** Lines as this version writes them are looked at by hand: they are read anew for each request of a trace. */
function readLine(line: string): Receipt | undefined {
  const json: unknown = attempt(() => JSON.parse(line));
  return isAcknowledged(json) ? json : receipt.safeParse(json).data;
}

function isAcknowledged(json: unknown): json is Extract<Receipt, { readonly acknowledged: unknown }> {
  if (!isFields(json)) return false;
  const { acknowledged, fingerprint, ...others } = json;
  if (Object.keys(others).length > 0 || !Array.isArray(acknowledged)) return false;
  return acknowledged.every((id) => typeof id === "string") && ["undefined", "string"].includes(typeof fingerprint);
}

/** Of a trace that was never sent, or is to be sent whatever the receipts say. */
export const NO_RECEIPTS: Receipts = { spanIds: new Set(), fingerprints: new Map(), problems: [] };

/** That something was written into receipts. Whatever kills this process, it is there; the machine may still lose it. */
export interface Written {
  readonly path: string;
  /** Whether the file came into being, so that its name may be lost as well. */
  readonly isNew: boolean;
}

/**
 * Notes that a destination acknowledged spans of a trace.
 *
 * @param fingerprint how they look; undefined where that is not to be noted
 * @returns what `makeReceiptsLast` is still to be called for
 * @throws the file system's error
 */
export async function addReceipt(
  paths: StorePaths,
  destinationId: string,
  traceId: string,
  spanIds: readonly string[],
  fingerprint?: Fingerprint,
): Promise<Written> {
  return append(paths, destinationId, traceId, { acknowledged: [...spanIds], ...defined({ fingerprint }) });
}

/**
 * Forgets that spans were acknowledged, so that they are sent again.
 *
 * @returns what `makeReceiptsLast` is still to be called for
 * @throws the file system's error
 */
export async function forgetReceipts(
  paths: StorePaths,
  destinationId: string,
  traceId: string,
  spanIds: readonly string[],
): Promise<Written> {
  return append(paths, destinationId, traceId, { forgotten: [...spanIds] });
}

/** Half of the threads that Node.js has for the disk: those that send read and write too. */
const SYNCED_AT_ONCE = 2;

/**
 * Makes what was written outlive a crash of the machine: each file is synced once, however much was written to it.
 *
 * @throws the first of the file system's errors, after all were tried
 */
export async function makeReceiptsLast(written: Iterable<Written>): Promise<void> {
  const all = [...written];
  const left: (() => Promise<void>)[] = [
    ...[...new Set(all.map(({ path }) => path))].map((path) => () => syncFile(path)),
    // A file whose name a power failure takes away was never there, and its spans would be sent twice.
    ...[...new Set(all.flatMap(({ path, isNew }) => (isNew ? dirname(path) : [])))].map(
      (folder) => () => syncFolder(folder),
    ),
  ];
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let sync = left.shift(); sync; sync = left.shift())
      await sync().catch((error: unknown) => failures.push(error));
  };
  await Promise.all(Array.from({ length: SYNCED_AT_ONCE }, work));
  if (failures.length > 0) throw failures[0];
}

/**
 * Appends a line in one write, so that processes that write at once do not mix theirs. The line break stands in front as
 * well: after a line that a crash cut off, the next one must not be lost with it.
 */
async function append(paths: StorePaths, destinationId: string, traceId: string, entry: Receipt): Promise<Written> {
  const folder = receiptFolder(paths, destinationId);
  const path = receiptPath(paths, destinationId, traceId);
  refuseUntrustedFolder(paths.root, folder);
  const line = `\n${JSON.stringify(entry)}\n`;
  try {
    return { path, isNew: appendToOwnFileNow(path, line) === 0 };
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    // Nothing has been sent there yet.
    await ensurePrivateFolder(paths.root, folder);
    return { path, isNew: appendToOwnFileNow(path, line) === 0 };
  }
}

const SETTLE_TRIES = 20;
const SETTLE_PAUSE_MS = 10;

/**
 * Reads a file that may be appended to meanwhile, and at once: it has some KB, and to ask a thread for the disk takes
 * longer. A reader can see the first half of a line whose writer is still at work; a line that stays without its end was
 * cut off by a crash.
 */
async function readSettled(path: string): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const text = readOwnTextNow(path, LONGEST_TEXT_BYTES);
    if (text === "" || text.endsWith("\n") || tries === SETTLE_TRIES) return text;
    await pause(SETTLE_PAUSE_MS);
  }
}

/** A trace id comes from a file's content, so only a well-formed one may become a file's name as it is. */
export function receiptPath(paths: StorePaths, destinationId: string, traceId: string): string {
  const name = /^[0-9a-f]{32}$/.test(traceId) ? traceId : createHash("sha256").update(traceId).digest("hex");
  return join(receiptFolder(paths, destinationId), `${name}.jsonl`);
}

/** Where a destination's receipts are, and for a while beside each who is sending spans of its trace. */
export function receiptFolder(paths: StorePaths, destinationId: string): string {
  return join(paths.sent, destinationId);
}
