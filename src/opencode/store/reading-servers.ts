import { ServerRequestError } from "../../errors/server-request-error.js";

/** A server that reads, as far as its replacement is concerned. */
export interface ReadingServer<Client> {
  readonly client: Client;
  /** Whether it has ended, where a request to it failed. */
  isGone(): Promise<boolean>;
  /** Whether it has grown so that a new one is better. */
  hasGrown(): Promise<boolean>;
  /** Never fails. */
  stop(): Promise<unknown>;
}

export interface ReadingServersOptions {
  /** How long one reading may take, ms; a server that needs longer is taken for stuck. */
  readonly longestMs?: number;
  /**
   * So many sessions in a row that a server refuses say that it is not about them, and it is asked no more. Default 5;
   * not for opencode 2, whose commands read less than its server, or nothing.
   */
  readonly mostRefused?: number;
}

/** As long as the largest session takes that a server may give out, on a slow machine. */
const LONGEST_MS = 120_000;
/** A server that dies may do so for the session that it is asked for: another one is asked once. */
const TRIES = 2;
/** After two starts that failed so many sessions are left to commands, and twice as many after each further one. */
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 100;
/** So many in a row that end without having read anything say that no further one will. */
const MOST_IN_VAIN = 3;
const MOST_REFUSED = 5;
/** A look at how large it has become costs little, but not nothing. */
const LOOK_EVERY = 25;

interface Started<Client> {
  readonly server: ReadingServer<Client>;
  /** Readings that are under way. */
  users: number;
  /** Those that came to an end. */
  reads: number;
  isRetired: boolean;
}

type Tried<T> = { readonly read: T } | { readonly failure: unknown };

/**
 * Has many sessions read by one server after the other: one that dies, is stuck or has grown is replaced. What is under
 * way on one that has grown comes to its end there.
 */
export class ReadingServers<Client> {
  readonly #start: () => Promise<ReadingServer<Client>>;
  readonly #longestMs: number;
  readonly #mostRefused: number;
  #current: Promise<Started<Client> | undefined> | undefined;
  #isGivenUp = false;
  #inVain = 0;
  /** Starts in a row that failed. */
  #starts = 0;
  /** So many sessions are left to commands before one is started again. */
  #pauses = 0;
  #refused = 0;
  /** Why no server is asked. */
  #failure: unknown = new ServerRequestError("read a session", "no server answers", undefined);
  readonly #stopping = new Set<Promise<unknown>>();

  /** @param start starts one */
  constructor(
    start: () => Promise<ReadingServer<Client>>,
    { longestMs = LONGEST_MS, mostRefused = MOST_REFUSED }: ReadingServersOptions = {},
  ) {
    this.#start = start;
    this.#longestMs = longestMs;
    this.#mostRefused = mostRefused;
  }

  /**
   * Reads one session; several may be read at a time.
   *
   * @param use asks the server; it stops when the signal is aborted
   * @returns undefined where no server could
   * @throws what `use` throws that is no `ServerRequestError`: it is about the session
   */
  async read<T>(use: (client: Client, signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const tried = await this.#try(use);
    return "read" in tried ? tried.read : undefined;
  }

  /**
   * The same where nothing else can read it.
   *
   * @throws as `read`, and why no server could
   */
  async readOrThrow<T>(use: (client: Client, signal: AbortSignal) => Promise<T>): Promise<T> {
    const tried = await this.#try(use);
    if ("read" in tried) return tried.read;
    throw tried.failure;
  }

  async #try<T>(use: (client: Client, signal: AbortSignal) => Promise<T>): Promise<Tried<T>> {
    if (this.#pauses > 0) {
      this.#pauses -= 1;
      return { failure: this.#failure };
    }
    let failure: unknown;
    for (let tries = 0; tries < TRIES && !this.#isGivenUp; tries += 1) {
      const started = await this.#running();
      if (!started) return { failure: this.#failure };
      const late = AbortSignal.timeout(this.#longestMs);
      started.users += 1;
      try {
        const read = await use(started.server.client, late);
        started.reads += 1;
        this.#inVain = 0;
        this.#refused = 0;
        if (started.reads % LOOK_EVERY === 0 && (await started.server.hasGrown())) this.#retire(started);
        return { read };
      } catch (error) {
        if (!(error instanceof ServerRequestError || late.aborted)) throw error;
        failure = late.aborted ? this.#tooLate() : error;
        this.#failure = failure;
        if (!late.aborted && !(await started.server.isGone())) {
          // It is well; what it refuses a command may read.
          this.#refused += 1;
          this.#isGivenUp ||= this.#refused >= this.#mostRefused;
          return { failure };
        }
        if (!started.isRetired && started.reads === 0) this.#inVain += 1;
        this.#isGivenUp ||= this.#inVain >= MOST_IN_VAIN;
        this.#retire(started);
      } finally {
        started.users -= 1;
        if (started.isRetired && started.users === 0) this.#stop(started);
      }
    }
    // Of its own where it was asked for at all: others are read meanwhile.
    return { failure: failure ?? this.#failure };
  }

  /** Ends all of them. Nothing is to be read meanwhile. */
  async close(): Promise<void> {
    const started = await this.#current;
    if (started && !started.isRetired) this.#stop(started);
    await Promise.all(this.#stopping);
  }

  #running(): Promise<Started<Client> | undefined> {
    this.#current ??= this.#start().then(
      (server) => {
        this.#starts = 0;
        return { server, users: 0, reads: 0, isRetired: false };
      },
      // A command tells better what is wrong, or reads the session all the same. On a busy machine it may only have
      // taken too long.
      (error: unknown) => {
        this.#failure = error;
        this.#current = undefined;
        this.#starts += 1;
        this.#pauses = this.#starts === 1 ? 0 : Math.min(FIRST_PAUSE * 2 ** (this.#starts - 2), LONGEST_PAUSE);
        return undefined;
      },
    );
    return this.#current;
  }

  #tooLate(): ServerRequestError {
    return new ServerRequestError("read a session", `there was no answer in ${this.#longestMs / 1_000} s`, undefined);
  }

  #retire(started: Started<Client>): void {
    if (started.isRetired) return;
    started.isRetired = true;
    this.#current = undefined;
  }

  #stop({ server }: Started<Client>): void {
    const stopping: Promise<unknown> = server
      .stop()
      .catch(() => undefined)
      .finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }
}
