import type { Redis as RedisClient } from "ioredis";
import { ConfigurationError } from "../errors/configuration-error.js";
import { messageOf } from "../errors/thrown.js";
import { oneLine } from "../text/bounded-text.js";
import { Redis } from "./packages.js";
import type { RedisAddress } from "./redis-address.js";

/** A connection to a Redis that has answered once; from then on it is waited for when it goes away. */
export interface RedisLink {
  /** The connection, for commands of your own. */
  readonly client: RedisClient;
  /** Where it leads. */
  readonly address: RedisAddress;
  /** What a person should know of how this Redis is set up. */
  readonly notes: readonly string[];
  /** Ends the connection; commands that still wait for an answer fail. */
  close(): void;
}

/** What is told of a connection. */
export interface RedisLinkHooks {
  /** Redis does not answer any more; told once, until it is back. @param why one line */
  readonly onLost?: ((why: string) => void) | undefined;
  /** It answers again. */
  readonly onBack?: (() => void) | undefined;
  /** How long the first answer may take, ms; 5 s by default. */
  readonly firstAnswerMs?: number | undefined;
}

/** A machine that is busy takes seconds to start a program, and to read an answer that came at once. */
const FIRST_ANSWER_MS = 15_000;
const LONGEST_BETWEEN_TRIES_MS = 2_000;
/** BullMQ's own recommendation; looptrace too uses what came with it. */
const LEAST_VERSION = [6, 2] as const;

/**
 * Connects to a Redis.
 *
 * @throws {ConfigurationError} when it does not answer now, does not let us in, or is too old
 */
export async function openRedis(address: RedisAddress, hooks: RedisLinkHooks = {}): Promise<RedisLink> {
  const notes = await probe(address, hooks.firstAnswerMs ?? FIRST_ANSWER_MS);
  let lost = false;
  let closing = false;
  const client = new Redis({
    ...optionsOf(address),
    // Whatever is asked while Redis is away is asked when it is back.
    maxRetriesPerRequest: null,
    // The connections that BullMQ makes after this one end with it, too.
    retryStrategy: (times) => (closing ? null : Math.min(100 * 2 ** Math.min(times, 10), LONGEST_BETWEEN_TRIES_MS)),
  });
  let why = "the connection was closed";
  client.on("error", (error: unknown) => {
    why = reasonOf(error);
  });
  client.on("close", () => {
    if (lost || closing) return;
    lost = true;
    // The reason is told after the end of the connection, if at all.
    setImmediate(() => hooks.onLost?.(why));
  });
  client.on("ready", () => {
    if (!lost) return;
    lost = false;
    hooks.onBack?.();
  });
  return {
    client,
    address,
    notes,
    close: () => {
      closing = true;
      client.disconnect();
    },
  };
}

/** BullMQ closes in moments, but while Redis is away never: then it ends with the connection. */
const CLOSING_MS = 1_000;

/** Waits for something of BullMQ's to close, but not for long. Never rejects. */
export async function closeSoon(closing: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, CLOSING_MS);
  });
  await Promise.race([closing.catch(() => undefined), late]);
  clearTimeout(timer);
}

function optionsOf({ host, port, db, tls, username, password }: RedisAddress) {
  return {
    ...{ host, port, db },
    // What BullMQ is tested with.
    protocol: 2 as const,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
}

/** Asks once, without trying again. @returns notes */
async function probe(address: RedisAddress, patienceMs: number): Promise<readonly string[]> {
  const client = new Redis({
    ...optionsOf(address),
    lazyConnect: true,
    connectTimeout: patienceMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let last: unknown;
  client.on("error", (error: unknown) => {
    last ??= error;
  });
  try {
    const info = await withTimeout(
      client.connect().then(() => client.info()),
      patienceMs,
    );
    return checkedInfo(info, address);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError("redis", unreachable(address, last ?? error));
  } finally {
    client.disconnect();
  }
}

function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer for ${ms / 1000} s`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function checkedInfo(info: string, { shown }: RedisAddress): readonly string[] {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
  const version = field("redis_version") ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1]))
    throw new ConfigurationError(
      "redis",
      `The Redis at ${shown} is version ${oneLine(version)}; ${LEAST_VERSION.join(".")} or newer is needed.`,
    );
  const policy = field("maxmemory_policy");
  return policy === undefined || policy === "noeviction" || field("maxmemory") === "0"
    ? []
    : [
        `The Redis at ${shown} throws keys away when its memory is full (maxmemory-policy ${oneLine(policy)}), jobs too; set it to noeviction.`,
      ];
}

function unreachable({ shown, username, password }: RedisAddress, error: unknown): string {
  const why = reasonOf(error);
  if (/^(?:WRONGPASS|NOAUTH|NOPERM|ERR (?:invalid password|AUTH))/i.test(why)) {
    return password === undefined
      ? `The Redis at ${shown} wants a password: put it into the URL or into LOOPTRACE_REDIS_PASSWORD.`
      : `The Redis at ${shown} does not accept this ${username === undefined ? "password" : "user or password"}.`;
  }
  return `The Redis at ${shown} cannot be used: ${why}. Is it running there, and may this machine reach it?`;
}

/** Whether an error only says that Redis is away, which the connection itself tells. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return code in REASONS || code === "EPIPE" || /^Connection is closed|^Stream isn't writeable/.test(error.message);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's name cannot be looked up now",
  ETIMEDOUT: "it does not answer",
  ECONNRESET: "the connection was closed",
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? oneLine(messageOf(error));
}
