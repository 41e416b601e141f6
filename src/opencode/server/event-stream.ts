import type { IncomingMessage } from "node:http";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { createLineSplitter, LineTooLongError } from "../program/follow-lines.js";
import { readServerEvent, type ServerEvent } from "../schema/server-event.js";
import { authorization, type ServerConnection } from "./connection.js";
import { joinDeltas } from "./join-deltas.js";
import { send } from "./patient-fetch.js";

/** Why an event stream is not there, or not there any more. */
export interface StreamTrouble {
  /** What is wrong. */
  readonly kind: /** Nothing listens there, or the connection broke. */
    | "unreachable"
    /** The server wants another password or user. */
    | "unauthorized"
    /** What answers there has no events: another server, or another version of opencode. */
    | "not-events"
    /** Not even a heartbeat for too long. */
    | "silent"
    /** The server closed it. */
    | "ended";
  /** A clause for a person, without a full stop. */
  readonly message: string;
  /** How many tries in a row have failed by now; 0 when a stream that was there broke. */
  readonly failures: number;
}

/** Where the events of a generation of opencode come from. */
export interface EventSource<Event> {
  /** @param base the server's address, without a slash at its end */
  readonly address: (base: string, directory: string | undefined) => URL;
  /** @returns undefined when the text behind `data:` is no event at all */
  readonly read: (text: string, receivedAt: number) => Sent<Event> | undefined;
  /** Makes fewer of the texts that came together, where each need not be read for itself. */
  readonly join?: ((texts: readonly string[]) => readonly string[]) | undefined;
}

/** What stands in one `data:`; without an event for what is not read. */
interface Sent<Event> {
  readonly directory?: string | undefined;
  readonly event?: Event | undefined;
  /** Whether the event says itself when it happened: when it is read does not matter then. */
  readonly isDated?: boolean | undefined;
}

export interface FollowOptions<Event = ServerEvent> {
  /** Only the events of this project's directory, where the server can tell them apart; without it those of all. */
  readonly directory?: string | undefined;
  /** Ends it. */
  readonly signal: AbortSignal;
  /**
   * Never before `onConnected`. Nothing more is read before what it returns has settled: a server that says more than
   * can be taken is made to wait.
   */
  readonly onEvent: (event: Event, directory: string | undefined) => unknown;
  /**
   * The server sends events from now on; those of all projects a moment later (1.18). What happened before, it does not
   * tell: a state that is built from events is to be read anew.
   *
   * @param first false after an interruption
   */
  readonly onConnected?: ((first: boolean) => void) | undefined;
  /** Told of each try that failed; it goes on by itself, unless `signal` is aborted here. */
  readonly onTrouble?: ((trouble: StreamTrouble) => void) | undefined;
  /** How long a stream may say nothing, ms. */
  readonly silenceMs?: number | undefined;
  /**
   * How long what comes may wait to be read together, ms, where the events say when they happened; default 0. A server
   * that sends hundreds of small events a second costs as many wake-ups else.
   */
  readonly paceMs?: number | undefined;
  /** The wait before the first try anew, ms; it doubles up to {@link LONGEST_WAIT_MS}. */
  readonly firstWaitMs?: number | undefined;
}

/** opencode sends a heartbeat every 10 s, opencode 2 every 15. */
const SILENCE_MS = 35_000;
/** A server that is starting may take a request and never answer it. */
const ANSWER_MS = 10_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** Those of one directory, or of all (`/global/event`). */
const EVENTS_OF_1: EventSource<ServerEvent> = {
  address: (base, directory) =>
    new URL(directory === undefined ? `${base}/global/event` : `${base}/event?${new URLSearchParams({ directory })}`),
  // Loaded with the first event: the connection need not wait for schemas.
  read: (text, receivedAt) => readServerEvent(text, receivedAt),
  join: joinDeltas,
};

/** Follows the events of a server of opencode 1.x, see {@link followSource}. */
export async function followEvents(connection: ServerConnection, options: FollowOptions): Promise<void> {
  await followSource(EVENTS_OF_1, connection, options);
}

/**
 * Follows the events of an opencode server, and connects again whenever the stream breaks, until it is told to end.
 * Plain fetch, because the SDK's own stream notices no silence, hides the status of a refusal and stops when the server
 * ends it.
 *
 * @returns when `signal` is aborted and the connection is closed; a server waits for those that are open before it ends
 * @throws what a hook throws
 */
export async function followSource<Event>(
  source: EventSource<Event>,
  connection: ServerConnection,
  options: FollowOptions<Event>,
): Promise<void> {
  const { signal, onEvent, onConnected, onTrouble, firstWaitMs = FIRST_WAIT_MS } = options;
  let first = true;
  let failures = 0;
  while (!signal.aborted) {
    let connected = false;
    let why: Omit<StreamTrouble, "failures"> | undefined;
    for await (const told of openStream(source, connection, options)) {
      if (signal.aborted) break;
      if ("kind" in told) {
        why = told;
        continue;
      }
      if (!connected) {
        connected = true;
        failures = 0;
        onConnected?.(first);
        first = false;
      }
      for (const { event, directory } of told) {
        const taking = event && onEvent(event, directory);
        // A promise for each of thousands costs more than what is done with most of them.
        if (taking instanceof Promise) await taking;
        if (signal.aborted) break;
      }
    }
    if (signal.aborted) return;
    // One that says what cannot be taken says it again at once.
    if (!connected || why?.kind === "not-events") failures += 1;
    if (why) onTrouble?.({ ...why, failures });
    const waitMs = Math.min(firstWaitMs * 2 ** failures, LONGEST_WAIT_MS);
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * The events of one connection, those together that came together; the last thing it yields is why it ended, unless
 * that was the caller's wish.
 */
async function* openStream<Event>(
  { address, read, join }: EventSource<Event>,
  connection: ServerConnection,
  { directory, signal, silenceMs = SILENCE_MS, paceMs = 0 }: FollowOptions<Event>,
): AsyncGenerator<readonly Sent<Event>[] | Omit<StreamTrouble, "failures">> {
  const closing = new AbortController();
  let limitMs = ANSWER_MS;
  let isTaken = false;
  const silent = (): void => {
    // It has said something that is still being worked on.
    if (isTaken) watch.refresh();
    else closing.abort();
  };
  let watch = setTimeout(silent, limitMs);
  try {
    // Not Node's own fetch, which can be told to ask a proxy even for this machine itself (NODE_USE_ENV_PROXY).
    const answer = await send(address(connection.url.replace(/\/+$/, ""), directory).href, {
      headers: { accept: "text/event-stream", ...authorization(connection) },
      signal: AbortSignal.any([signal, closing.signal]),
    });
    const refusal = whyNoStream(answer);
    if (refusal) {
      yield refusal;
      return;
    }
    clearTimeout(watch);
    limitMs = silenceMs;
    watch = setTimeout(silent, limitMs);
    let isDated = false;
    const pace = (): number => (isDated ? paceMs : 0);
    for await (const texts of dataOf(piecesOf(answer, pace, signal), () => watch.refresh())) {
      const fewer = join && pace() > 0 ? join(texts) : texts;
      const told = fewer.flatMap((text) => read(text, Date.now()) ?? []);
      isDated = told.findLast(({ event }) => event)?.isDated ?? isDated;
      isTaken = true;
      if (told.length > 0) yield told;
      isTaken = false;
    }
    yield { kind: "ended", message: "the server ended its stream of events" };
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof LineTooLongError) {
      yield {
        kind: "not-events",
        message: `it sends an event of more than ${MOST_EVENT_CHARACTERS} characters`,
      };
      return;
    }
    yield closing.signal.aborted
      ? { kind: "silent", message: `it has said nothing for ${Math.round(limitMs / 1000)} s` }
      : { kind: "unreachable", message: messageOf(error) };
  } finally {
    clearTimeout(watch);
    closing.abort();
  }
}

function whyNoStream({
  statusCode: status = 500,
  headers,
}: IncomingMessage): Omit<StreamTrouble, "failures"> | undefined {
  if (status === 401 || status === 403)
    return { kind: "unauthorized", message: `it refuses the password (HTTP ${status})` };
  if (status >= 400) return { kind: "not-events", message: `it has no events (HTTP ${status})` };
  // Not asked for, and a little of it could become very much.
  const packing = headers["content-encoding"] ?? "identity";
  if (packing !== "identity") return { kind: "not-events", message: `its events are packed (${packing})` };
  const type = headers["content-type"] ?? "";
  // opencode answers with its web page what it does not know.
  if (type.startsWith("text/event-stream")) return undefined;
  return { kind: "not-events", message: `it has no events (its answer is ${type || "of no type"})` };
}

/** A part of a message holds at most a tool's output, or a file. */
const MOST_EVENT_CHARACTERS = 64 * 1024 * 1024;

/** What fills a connection is to be read on: it is no small event. */
const MUCH_BYTES = 8 * 1024;

/**
 * The body of an answer, to its last byte: what came before a connection broke is given out before that is thrown,
 * which a stream's own iterator does not do. No more is held than the stream itself holds.
 *
 * @param pace for how long what comes may wait after each piece, ms: nothing is read meanwhile, and the system keeps it
 */
async function* piecesOf(answer: IncomingMessage, pace: () => number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let over: { readonly error?: unknown } | undefined;
  let wake = (): void => undefined;
  const end = (error?: unknown): void => {
    over ??= error === undefined ? {} : { error };
    wake();
  };
  answer.on("readable", () => wake());
  answer.once("end", () => end());
  answer.once("error", end);
  answer.once("close", () => end());
  for (;;) {
    const bytes: Uint8Array | null = answer.read();
    if (bytes) {
      yield bytes;
      const waitMs = bytes.length < MUCH_BYTES && !over ? pace() : 0;
      if (waitMs > 0) {
        answer.socket.pause();
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        answer.socket.resume();
        // Megabytes are read in one turn of the event loop, with what is done with them: no signal would be heard then.
      } else await nextTurn();
    } else if (over) {
      if (over.error !== undefined) throw over.error;
      return;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}

/**
 * The texts of the events of a stream, those of a piece together, see
 * https://html.spec.whatwg.org/multipage/server-sent-events.html.
 */
async function* dataOf(body: AsyncIterable<Uint8Array>, onBytes: () => void): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  const splitter = createLineSplitter(MOST_EVENT_CHARACTERS);
  let data: string[] = [];
  let length = 0;
  for await (const bytes of body) {
    onBytes();
    const texts: string[] = [];
    for (const line of splitter.push(decoder.decode(bytes, { stream: true }))) {
      if (line === "") {
        if (data.length > 0) texts.push(data.join("\n"));
        data = [];
        length = 0;
      } else if (line.startsWith("data:")) {
        length += line.length;
        if (length > MOST_EVENT_CHARACTERS) throw new LineTooLongError("an event is too long");
        data.push(line.slice(line.startsWith("data: ") ? "data: ".length : "data:".length));
      }
    }
    if (texts.length > 0) yield texts;
  }
}

/** What is said first may be general; the reason is below it. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}
