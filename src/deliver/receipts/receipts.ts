import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { attempt, hasCode, messageOf } from "../../errors/thrown.js";
import { appendToOwnFile, readOwnText } from "../../files/own-files.js";
import { ensurePrivateFolder, syncFolder } from "../../files/private-files.js";
import type { StorePaths } from "../../files/store-paths.js";
import { refuseUntrustedFolder } from "../../files/trusted-store.js";
import { defined } from "../../text/json-fields.js";
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
    const entry = attempt(() => receipt.parse(JSON.parse(line)));
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

/** Of a trace that was never sent, or is to be sent whatever the receipts say. */
export const NO_RECEIPTS: Receipts = { spanIds: new Set(), fingerprints: new Map(), problems: [] };

/**
 * Notes that a destination acknowledged spans of a trace.
 *
 * @param fingerprint how they look; undefined where that is not to be noted
 * @throws the file system's error
 */
export async function addReceipt(
  paths: StorePaths,
  destinationId: string,
  traceId: string,
  spanIds: readonly string[],
  fingerprint?: Fingerprint,
): Promise<void> {
  await append(paths, destinationId, traceId, { acknowledged: [...spanIds], ...defined({ fingerprint }) });
}

/**
 * Forgets that spans were acknowledged, so that they are sent again.
 *
 * @throws the file system's error
 */
export async function forgetReceipts(
  paths: StorePaths,
  destinationId: string,
  traceId: string,
  spanIds: readonly string[],
): Promise<void> {
  await append(paths, destinationId, traceId, { forgotten: [...spanIds] });
}

/** What is written next to a file, once what is being written is there. */
interface NextWrite {
  readonly lines: string[];
  readonly written: Promise<void>;
}

/** By the file's path. */
const nextWrites = new Map<string, NextWrite>();
const underWay = new Map<string, Promise<void>>();

/**
 * Appends a line. Those that come while others are being written go together, as a disk takes its time for each sync,
 * however much there is.
 */
async function append(paths: StorePaths, destinationId: string, traceId: string, entry: Receipt): Promise<void> {
  const path = receiptPath(paths, destinationId, traceId);
  const line = `\n${JSON.stringify(entry)}\n`;
  const next = nextWrites.get(path);
  if (next) {
    next.lines.push(line);
    return next.written;
  }
  const lines = [line];
  const write = async (): Promise<void> => {
    await underWay.get(path)?.catch(() => undefined);
    nextWrites.delete(path);
    const writing = appendLines(paths, receiptFolder(paths, destinationId), path, lines);
    underWay.set(path, writing);
    try {
      await writing;
    } finally {
      if (underWay.get(path) === writing) underWay.delete(path);
    }
  };
  const written = write();
  nextWrites.set(path, { lines, written });
  return written;
}

/**
 * Appends lines in one write, so that processes that write at once do not mix theirs. The line break stands in front as
 * well: after a line that a crash cut off, the next one must not be lost with it.
 */
async function appendLines(paths: StorePaths, folder: string, path: string, lines: readonly string[]): Promise<void> {
  refuseUntrustedFolder(paths.root, folder);
  const file = await appendToOwnFile(path).catch(async (error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error;
    // Nothing has been sent there yet.
    await ensurePrivateFolder(paths.root, folder);
    return appendToOwnFile(path);
  });
  let isNew: boolean;
  try {
    isNew = (await file.stat()).size === 0;
    await file.appendFile(lines.join(""));
    await file.sync();
  } finally {
    await file.close();
  }
  // A file whose name a power failure takes away was never there, and its spans would be sent twice.
  if (isNew) await syncFolder(folder);
}

const SETTLE_TRIES = 20;
const SETTLE_PAUSE_MS = 10;

/**
 * Reads a file that may be appended to meanwhile. A reader can see the first half of a line whose writer is still at
 * work; a line that stays without its end was cut off by a crash.
 */
async function readSettled(path: string): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const text = await readOwnText(path);
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
