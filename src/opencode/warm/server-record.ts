import { constants } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { fieldsOf, isFields } from "../../text/json-fields.js";
import type { Generation } from "../program/generation.js";
import type { ServerConnection } from "../server/connection.js";
import type { Fingerprint } from "./fingerprint.js";
import { RECORD, WITHDRAWN } from "./keeper-script.js";
import type { ProcessMark } from "./process-start.js";
import { doubtAboutFolder } from "./servers-folder.js";

/** What is noted of a server that outlives the run which has started it. */
export interface ServerRecord extends Fingerprint {
  readonly id: string;
  readonly connection: ServerConnection & { readonly password: string };
  readonly generation: Generation;
  /** What it says it is; null where it did not say. */
  readonly version: string | null;
  /** Absolute path of opencode. */
  readonly opencode: string;
  readonly server: ProcessMark;
  /** The process that ends it. */
  readonly keeper: ProcessMark;
  /** What marks it and all that it starts. */
  readonly runId: string;
  /** The name of its log, in its folder. */
  readonly log: string;
  /** The agent to ask for where its configuration was generated with a system prompt. */
  readonly agent: string | null;
  readonly isRecorded: boolean;
  readonly propagates: boolean;
  /** When it listened, ms since the epoch. */
  readonly listeningAt: number;
  /** Why it was started, in words. */
  readonly why: string;
}

const FORMAT = 1;
const MOST_BYTES = 256 * 1024;
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/** Writes it where runs look for it: from then on the server is used. */
export async function writeRecord(folder: string, record: ServerRecord): Promise<void> {
  await writeFile(join(folder, RECORD), JSON.stringify({ format: FORMAT, ...record }), { mode: 0o600, flag: "wx" });
}

/**
 * Reads what is noted in a server's folder. Read by hand, since a schema takes as long to load as all that a run has to
 * do before its prompt.
 *
 * @param from `withdrawn` for one that no run is to use any more
 * @returns undefined where there is nothing, where it makes no sense, and where another user could have put it there
 */
export async function readRecord(
  folder: string,
  from: "offered" | "withdrawn" = "offered",
): Promise<ServerRecord | undefined> {
  try {
    if (doubtAboutFolder(folder) !== undefined) return undefined;
    const text = await readPrivate(join(folder, from === "offered" ? RECORD : WITHDRAWN));
    return text === undefined ? undefined : recordIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * What a newer looptrace has noted in a server's folder, in a way that this one cannot read: that is not this one's to
 * judge.
 *
 * @returns the process that ends the server, where that is told as here; undefined where there is no such record
 */
export async function newerRecord(folder: string): Promise<Partial<Pick<ServerRecord, "keeper">> | undefined> {
  for (const name of [RECORD, WITHDRAWN]) {
    const text = await readPrivate(join(folder, name)).catch(() => undefined);
    const { format, keeper } = fieldsOf(attempt(() => JSON.parse(text ?? "")));
    if (typeof format !== "number" || format <= FORMAT) continue;
    const mark = markIn(keeper);
    return mark ? { keeper: mark } : {};
  }
  return undefined;
}

async function readPrivate(path: string): Promise<string | undefined> {
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const found = await file.stat();
    const isOurs = found.isFile() && found.uid === process.geteuid?.() && (found.mode & 0o077) === 0;
    return isOurs && found.size <= MOST_BYTES ? await file.readFile("utf8") : undefined;
  } finally {
    await file.close();
  }
}

function recordIn(value: unknown): ServerRecord | undefined {
  if (!isFields(value) || value.format !== FORMAT) return undefined;
  const { id, key, generation, version, opencode, runId, log, agent, listeningAt, why, isRecorded, propagates } = value;
  const { url, password, username } = fieldsOf(value.connection);
  const [server, keeper] = [markIn(value.server), markIn(value.keeper)];
  const parts = Object.entries(fieldsOf(value.parts)).flatMap(([name, hash]) =>
    typeof hash === "string" ? [[name, hash] as const] : [],
  );
  const isText = (one: unknown): one is string => typeof one === "string";
  if (!isText(id) || !isText(key) || !isText(opencode) || !isText(runId) || !isText(why)) return undefined;
  if (!isText(log) || !/^[\w-]+\.stderr$/.test(log)) return undefined;
  if (!isText(url) || !/^http:\/\/127\.0\.0\.1:\d{1,5}$/.test(url) || !isText(password) || password === "")
    return undefined;
  if ((generation !== 1 && generation !== 2) || typeof listeningAt !== "number" || !server || !keeper) return undefined;
  return {
    ...{ id, key, generation, opencode, runId, log, listeningAt, why, server, keeper },
    parts: Object.fromEntries(parts),
    connection: { url, password, ...(isText(username) ? { username } : {}) },
    version: isText(version) ? version : null,
    agent: isText(agent) ? agent : null,
    isRecorded: isRecorded === true,
    propagates: propagates === true,
  };
}

function markIn(value: unknown): ProcessMark | undefined {
  const { pid, start } = fieldsOf(value);
  const isMark = typeof pid === "number" && Number.isSafeInteger(pid) && pid > 1 && typeof start === "string";
  return isMark && /^\w+$/.test(start) ? { pid, start } : undefined;
}
