import type { z } from "zod";
import { type Destination, LANGFUSE_TRACES_PATH } from "../../deliver/destinations/destination.js";
import { addressOf, refusedKeysAdvice } from "../../deliver/destinations/refused-keys.js";
import { type Answer, type ExchangeInit, exchange } from "../../deliver/http/exchange.js";
import {
  describeNetworkFailure,
  describeProxyRefusal,
  isRefusedPort,
  refusedByProxy,
} from "../../deliver/http/network-failure.js";
import { bounded, readBounded, readWhole, serverMessage } from "../../deliver/http/response-text.js";
import { readRetryAfter } from "../../errors/retry-after.js";
import { attempt } from "../../errors/thrown.js";
import { type Clock, systemClock } from "../../files/clock.js";
import { duration } from "../../text/format.js";
import { isTooDeep } from "../../text/json-depth.js";
import { LangfuseApiError } from "./langfuse-api-error.js";

/** How a Langfuse is asked. */
export interface LangfuseApiOptions {
  /** Time, for tests. */
  readonly clock?: Clock | undefined;
  /** Ends what is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Told on one line what is waited for. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Called when a question goes out, with whom it is put to; what it returns is called when it is answered, or not. */
  readonly onAsk?: ((label: string) => () => void) | undefined;
  /** How long one question may wait for rate limits, all waits together, in ms; default 5 min. */
  readonly patienceMs?: number | undefined;
}

/** What can be asked for beside the path. */
export interface Question {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** The largest answer that is read, in bytes; default 4 MB. */
  readonly mostBytes?: number;
}

const TIMEOUT_MS = 30_000;
const PATIENCE_MS = 5 * 60_000;
const MOST_BYTES = 4 * 1024 * 1024;

/** A server that is in trouble is asked again after so long, in ms. */
const PAUSES_MS: readonly number[] = [500, 2_000];

/** What it asks to wait where it does not say for how long, in ms. */
const UNSAID_WAIT_MS = 5_000;

/** So long it is left alone whatever it says, in ms: one that says "at once" and refuses again would be asked for ever. */
const LEAST_WAIT_MS = 500;

/**
 * Asks a Langfuse through its public API, with the keys, proxy and certificates of a destination. Answers are parsed
 * and bounded; redirects are not followed, so the keys stay with the host they are meant for. A rate limit is kept:
 * what it asks to wait is waited.
 *
 * Langfuse's own client knows no proxy, follows redirects with the keys and reads answers of any size.
 */
export class LangfuseApi {
  /** Where a person finds it, without a `/` at the end. */
  readonly address: string;
  /** Where it is, and with which keys it is asked. */
  readonly destination: Destination;
  readonly #options: LangfuseApiOptions;
  readonly #clock: Clock;
  readonly #base: string;

  /** @param destination one of kind `langfuse` */
  constructor(destination: Destination, options: LangfuseApiOptions = {}) {
    this.destination = destination;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { endpoint } = destination;
    this.#base = endpoint.slice(0, endpoint.indexOf(LANGFUSE_TRACES_PATH));
    this.address = addressOf(destination);
  }

  /** For people; without secrets. */
  get label(): string {
    return this.destination.label;
  }

  /** What else a server that lacks an endpoint may mean, as the end of a sentence. */
  get orElsewhere(): string {
    return `or the address is wrong: check that ${this.address} (${this.#setting}) is where Langfuse is`;
  }

  /** What names the address. */
  get #setting(): string {
    return this.destination.settings.address ?? "LANGFUSE_BASE_URL";
  }

  /**
   * @param path below `/api/public`, such as `/v2/observations`
   * @throws {LangfuseApiError} when it does not answer, or not as it should
   */
  async get<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    question: Question = {},
  ): Promise<z.output<Schema>> {
    return this.#ask("GET", path, schema, question);
  }

  /** @throws {LangfuseApiError} when it does not answer, or not as it should */
  async send<Schema extends z.ZodType>(
    method: "POST" | "PATCH" | "DELETE",
    path: string,
    schema: Schema,
    body?: unknown,
  ): Promise<z.output<Schema>> {
    return this.#ask(method, path, schema, { body });
  }

  async #ask<Schema extends z.ZodType>(
    method: ExchangeInit["method"],
    path: string,
    schema: Schema,
    question: Question,
  ): Promise<z.output<Schema>> {
    const { patienceMs = PATIENCE_MS } = this.#options;
    let waitedMs = 0;
    for (let failures = 0; ; ) {
      this.#refuseInterrupted();
      const answered = this.#options.onAsk?.(this.label);
      const asked = await this.#once(method, path, question).finally(answered);
      if (asked.kind === "answer") return this.#parsed(asked.text, path, schema);
      if (asked.kind === "busy") {
        const { waitMs, message } = asked;
        if (waitedMs + waitMs > patienceMs) throw new LangfuseApiError("throttled", message, 429);
        waitedMs += waitMs;
        this.#options.onNote?.(`${this.label} asks to wait ${duration(waitMs)}: its limit of requests is reached.`);
        await this.#clock.sleep(waitMs, this.#options.signal);
        continue;
      }
      // What was asked for may have been done all the same, and must not be done twice.
      const mayPass = method === "GET" && !asked.isFinal && asked.error.kind === "unavailable";
      const pause = mayPass ? PAUSES_MS[failures] : undefined;
      if (pause === undefined) throw asked.error;
      failures += 1;
      await this.#clock.sleep(pause, this.#options.signal);
    }
  }

  async #once(method: ExchangeInit["method"], path: string, question: Question): Promise<Asked> {
    const destination = this.destination;
    const timeout = AbortSignal.timeout(destination.timeoutMs ?? TIMEOUT_MS);
    const { signal: given } = this.#options;
    const signal = given ? AbortSignal.any([given, timeout]) : timeout;
    const body = question.body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(question.body));
    try {
      const response = await exchange(destination, this.#url(path, question), {
        method,
        signal,
        headers: {
          ...destination.headers,
          accept: "application/json",
          ...(body ? { "content-type": "application/json" } : {}),
        },
        ...(body ? { body } : {}),
      });
      if (!response.ok) return await this.#refusal(response, method, path);
      const read = await readWhole(response, question.mostBytes ?? MOST_BYTES);
      signal.throwIfAborted();
      if (read.kind === "whole") return { kind: "answer", text: new TextDecoder().decode(read.bytes) };
      const error =
        read.kind === "endless"
          ? new LangfuseApiError("too_large", `${this.label} answers with more than can be read at once.`)
          : new LangfuseApiError("unavailable", `The answer of ${this.label} breaks off. Try again.`);
      return { kind: "failed", error };
    } catch (error) {
      this.#refuseInterrupted();
      const { label, timeoutMs = TIMEOUT_MS } = destination;
      if (timeout.aborted) {
        const late = `${label} gives no answer within ${duration(timeoutMs)}. Check ${this.#setting}, try again later, or set LANGFUSE_TIMEOUT to more seconds.`;
        // Who waited as long as this once must not wait as long again.
        return { kind: "failed", error: new LangfuseApiError("unavailable", late), isFinal: true };
      }
      const status = refusedByProxy(error);
      const why =
        status === undefined ? describeNetworkFailure(error, destination) : describeProxyRefusal(status, destination);
      const settings = [this.#setting, ...(destination.proxy ? [destination.proxy.setting] : [])].join(" and ");
      const message = /[.?]$/.test(why) ? why : `${why}. Check ${settings}.`;
      return {
        kind: "failed",
        error: new LangfuseApiError("unavailable", `Langfuse was not reached: ${message}`, status),
        isFinal: isRefusedPort(error),
      };
    }
  }

  #url(path: string, { query = {} }: Question): string {
    const url = new URL(`${this.#base}/api/public${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    return url.href;
  }

  async #refusal(response: Answer, method: ExchangeInit["method"], path: string): Promise<Asked> {
    const destination = this.destination;
    const { status, headers } = response;
    const text = await readBounded(response);
    const isPage = headers.get("content-type")?.includes("text/html") ?? false;
    const said = `${this.label} answered ${status}${serverMessage(text, isPage, destination.secrets)}`;
    const failed = (kind: LangfuseApiError["kind"], message: string): Asked => ({
      kind: "failed",
      error: new LangfuseApiError(kind, message, status),
    });
    if (status >= 300 && status < 400)
      return failed("misread", `${this.label} redirects (${status}). Configure the address that it leads to.`);
    switch (status) {
      case 401:
      case 403:
        return failed("unauthorised", `${said}. ${refusedKeysAdvice(destination, status)}.`);
      case 407:
        return failed("unavailable", describeProxyRefusal(status, destination));
      case 404:
      case 405:
      case 501:
        return failed("missing", `${said}: there is no /api/public${path} there.`);
      case 429: {
        const asked = readRetryAfter({ "retry-after": headers.get("retry-after") }, this.#clock.now());
        const saidMs = asked === null || asked.source === "default" ? UNSAID_WAIT_MS : asked.delayMs;
        const waitMs = Math.max(saidMs, LEAST_WAIT_MS);
        return { kind: "busy", waitMs, message: `${said}. Try again in ${duration(waitMs)}.` };
      }
      default:
        return status >= 500 || status === 408
          ? failed("unavailable", `${said}. Try again later.`)
          : failed("refused", `${said} (${method} /api/public${path})`);
    }
  }

  #parsed<Schema extends z.ZodType>(text: string, path: string, schema: Schema): z.output<Schema> {
    const json: unknown = attempt(() => JSON.parse(text));
    const parsed = json === undefined || isTooDeep(json) ? undefined : schema.safeParse(json);
    if (parsed?.success) return parsed.data;
    // Keys in it are the server's.
    const place = bounded(parsed?.error.issues[0]?.path.join(".").replace(/\p{Cc}+/gu, " ") ?? "");
    const where = place === "" ? "" : ` (at ${place})`;
    throw new LangfuseApiError(
      "misread",
      `${this.label} answers /api/public${path} with something else than a Langfuse does${where}. Check LANGFUSE_BASE_URL.`,
    );
  }

  #refuseInterrupted(): void {
    if (this.#options.signal?.aborted) throw new LangfuseApiError("interrupted", "interrupted");
  }
}

type Asked =
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "busy"; readonly waitMs: number; readonly message: string }
  | {
      readonly kind: "failed";
      readonly error: LangfuseApiError;
      /** Asking again now would end the same way, or take as long again. */
      readonly isFinal?: boolean;
    };
