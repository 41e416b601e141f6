import { createHash, randomBytes } from "node:crypto";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, unless } from "../../errors/thrown.js";
import { claimToken, isOwnerAlive } from "../../files/claim-token.js";
import { readOwnFile } from "../../files/own-files.js";
import { namesIn, removeIfThereNow, writeUnsynced, writeWhole } from "../../files/private-files.js";
import { FINGERPRINT, type Fingerprint } from "../receipts/fingerprint.js";
import { FORMATS } from "./request-format.js";
import { REQUEST_KINDS, type RequestKind } from "./request-kind.js";

/**
 * A request on disk: `<time>-<serial>-<digest>-<number of items>[-<fingerprint>].<extension>`, so that names sort by
 * time, meet only where the contents are the same, and tell those, the kind and the number of items without reading.
 * While a process delivers it, `.claim-<token>` is appended.
 */
export interface OutboxEntry {
  /** Without the claim. */
  readonly name: string;
  readonly folder: string;
  readonly kind: RequestKind;
  /** How many items it holds: spans, scores and the like. */
  readonly items: number;
  /** Of the content: two requests with the same one are the same. While it is delivered it may be {@link digestLater}. */
  readonly digest: string;
  /** When it was put there, ms since the epoch. */
  readonly createdMs: number;
  /** How the items look; undefined where that is not compared later. */
  readonly fingerprint: Fingerprint | undefined;
  /** Whose claim is on it. */
  readonly owner: string | undefined;
}

/** An entry that this process alone may deliver. */
export interface ClaimedEntry extends OutboxEntry {
  readonly owner: string;
}

const NAME =
  /^((\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-\d{6}-([0-9a-f]{12})-(\d+)(?:-([0-9a-f-]+))?\.([a-z.]+))(?:\.claim-([0-9a-f-]+))?$/;

export interface PutOptions {
  /** Default: traces. */
  readonly kind?: RequestKind;
  /** False leaves it to the caller to sync the file and its folder. */
  readonly lasting?: boolean;
  /** Of the body, where the caller knows it already, or leaves it open by {@link digestLater}. */
  readonly digest?: string | undefined;
  /** Its place among those of the same time, where the caller has taken one: `nextSerial`. */
  readonly serial?: number | undefined;
}

let lastSerial = 0;

/** By which requests of one time are in order: each has a greater one than those before. */
export function nextSerial(): number {
  lastSerial = (lastSerial + 1) % 1_000_000;
  return lastSerial;
}

/**
 * Puts a request into a folder of the outbox, claimed by this process from the first moment, so that no other begins to
 * deliver it. When this process dies, its claim lapses.
 *
 * @param folder exists already
 * @param createdMs orders it among the others; ms since the epoch
 * @throws the file system's error; nothing is left behind then
 */
export async function putRequest(
  folder: string,
  body: Uint8Array,
  items: number,
  createdMs: number,
  fingerprint?: Fingerprint,
  { kind = "traces", lasting = true, ...known }: PutOptions = {},
): Promise<ClaimedEntry> {
  const { serial = nextSerial() } = known;
  const digest = known.digest ?? digestOf(body);
  const time = new Date(createdMs).toISOString().replace(/[-:.]/g, "");
  const end = fingerprint === undefined ? "" : `-${fingerprint}`;
  const name = `${time}-${String(serial).padStart(6, "0")}-${digest}-${items}${end}.${FORMATS[kind].extension}`;
  const entry = { name, folder, kind, items, digest, createdMs, fingerprint, owner: claimToken() };
  await (lasting ? writeWhole : writeUnsynced)(entryPath(entry), body);
  return entry;
}

/**
 * By what the names of requests tell their contents. Reckoned at once: to copy a megabyte for another thread takes about
 * as long as processors that know SHA-256 need for it, 0.6 ms.
 */
export function digestOf(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex").slice(0, 12);
}

const UNREAD = "0000";
let unread: string | undefined;

/**
 * Stands in the place of a digest in the name of a request that mostly goes soon: the digest is reckoned when the
 * request stays. No two processes have the same one, so that their names do not meet.
 */
export function digestLater(): string {
  unread ??= `${UNREAD}${randomBytes(4).toString("hex")}`;
  return unread;
}

/** Where an entry lies at present. */
export function entryPath({ folder, name, owner }: OutboxEntry): string {
  return join(folder, owner === undefined ? name : `${name}.claim-${owner}`);
}

/** Whether a process, this one or another, has it. */
export function isClaimed(entry: OutboxEntry | undefined): entry is ClaimedEntry {
  return entry?.owner !== undefined;
}

/** What lies in a folder of the outbox, oldest first, claimed or not. */
export async function listRequests(folder: string): Promise<readonly OutboxEntry[]> {
  return (await namesIn(folder)).flatMap((file) => {
    const match = NAME.exec(file);
    if (!match?.[1]) return [];
    const [, name, year, month, day, hour, minute, second, ms, digest = "", items, look = "", extension, owner] = match;
    const kind = REQUEST_KINDS.find((one) => FORMATS[one].extension === extension);
    // Of a later version.
    if (kind === undefined) return [];
    const createdMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
    const fingerprint = FINGERPRINT.test(look) ? look : undefined;
    return [{ name, folder, kind, items: Number(items), digest, createdMs, fingerprint, owner }];
  });
}

/**
 * Takes an entry for this process: one atomic rename, which of several processes one wins.
 *
 * @returns undefined when a living process has it, or another was faster
 */
export async function claimRequest(entry: OutboxEntry): Promise<ClaimedEntry | undefined> {
  if (entry.owner !== undefined && (await isOwnerAlive(entry.owner, entryPath(entry)))) return undefined;
  const claimed = { ...entry, owner: claimToken() };
  try {
    await rename(entryPath(entry), entryPath(claimed));
    return claimed;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * Gives an entry back for a later run, of this process or another, under a name that tells its content.
 *
 * @param body what it holds, where the caller has that at hand
 */
export async function releaseRequest(entry: ClaimedEntry, body?: Uint8Array): Promise<void> {
  const named = entry.digest.startsWith(UNREAD) ? await nameByContent(entry, body) : entry;
  await rename(entryPath(entry), entryPath({ ...named, owner: undefined })).catch(unless("ENOENT"));
}

async function nameByContent(entry: ClaimedEntry, known: Uint8Array | undefined): Promise<OutboxEntry> {
  // What cannot be read now waits nevertheless.
  const body = known ?? (await readRequest(entry).catch(() => undefined));
  if (body === undefined) return entry;
  const digest = digestOf(body);
  return { ...entry, digest, name: entry.name.replace(`-${entry.digest}-`, `-${digest}-`) };
}

/** Removes an entry that is dealt with. */
export async function removeRequest(entry: ClaimedEntry): Promise<void> {
  removeIfThereNow(entryPath(entry));
}

export async function readRequest(entry: OutboxEntry): Promise<Uint8Array> {
  return readOwnFile(entryPath(entry));
}
