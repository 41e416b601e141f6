import { ConfigurationError } from "../errors/configuration-error.js";

/** Where a Redis is, read from its URL. */
export interface RedisAddress {
  /** A name or an address. */
  readonly host: string;
  /** Default 6379. */
  readonly port: number;
  /** Which of its databases, from 0. */
  readonly db: number;
  /** Whether it is reached over TLS. */
  readonly tls: boolean;
  /** Undefined where it wants none. */
  readonly username: string | undefined;
  /** Undefined where it wants none. Never print it. */
  readonly password: string | undefined;
  /** For people: without user and password. */
  readonly shown: string;
}

const DEFAULT_PORT = 6379;

/**
 * Reads where a Redis is.
 *
 * @param url `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS
 * @param password for a URL that holds none, so that it need not stand in a process list
 * @param called what the URL is called where it was given
 * @throws {ConfigurationError} when it is no such URL; it never quotes what may be a password
 */
export function redisAddress(url: string, password?: string, called = "url"): RedisAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const db = parsed === undefined ? undefined : /^\/?$|^\/(\d{1,5})$/.exec(parsed.pathname);
  if (!parsed || !db || !["redis:", "rediss:"].includes(parsed.protocol) || parsed.hostname === "")
    throw new ConfigurationError(
      called,
      `${called} takes the address of a Redis, such as redis://127.0.0.1:6379, redis://user:password@host:6379/0, or rediss:// with TLS. What was given is none.`,
    );
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = parsed.port === "" ? DEFAULT_PORT : Number(parsed.port);
  const tls = parsed.protocol === "rediss:";
  const number = Number(db[1] ?? 0);
  return {
    ...{ host, port, tls, db: number },
    username: decoded(parsed.username),
    password: decoded(parsed.password) ?? (password || undefined),
    shown: `${tls ? "rediss" : "redis"}://${parsed.hostname}:${port}${number === 0 ? "" : `/${number}`}`,
  };
}

function decoded(text: string): string | undefined {
  if (text === "") return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    // A password with a lone % in it, typed as it is.
    return text;
  }
}
