/**
 * The tap: runs inside opencode's own process, and writes down what that sends to models' providers and what comes
 * back. A file without imports, so that it works wherever it is copied to; Bun loads it as it stands here too.
 *
 * Preloaded (`BUN_INSPECT_PRELOAD`) it begins at once, as a plugin when opencode calls it. Whatever goes wrong in here
 * must never be felt in opencode: it never throws, never waits, never holds a byte back, and the first failure ends it.
 */

type Headings = Record<string, string>;
type Chunk = [after: number, bytes: number, units: number];

/** An earlier request, of the same session, address and model, that later ones are compared with. */
interface Former {
  readonly n: number;
  readonly text: string;
}

interface Delta {
  readonly base: number | null;
  readonly prefix: number;
  readonly suffix: number;
}

/** An exchange that is under way, with what came of it and is not yet written. */
interface Open {
  readonly n: number;
  readonly signal: AbortSignal | null | undefined;
  readonly decoder: InstanceType<typeof TextDecoder>;
  chunks: Chunk[];
  at?: number;
  text?: string;
  timer?: ReturnType<typeof setTimeout> | undefined;
  isOver?: boolean;
}

/** One for each process, however often this file is loaded in it. */
interface Tap {
  write(line: object): void;
  now(): number;
}

const VERSION = 1;
const FLUSH_MS = 250;
const MOST_BYTES = { preload: 256 * 1024 * 1024, plugin: 32 * 1024 * 1024 };
/** What the plugin may keep for looptrace, which clears it away. */
const MOST_KEPT_BYTES = 512 * 1024 * 1024;
const MOST_FORMER = 32;
const MOST_TOOLS = 1000;
const MOST_HEADER = 512;
const FOLDER = "LOOPTRACE_WIRE_FOLDER";
const CONTENT = "LOOPTRACE_WIRE_CONTENT";
const FIRST = "LOOPTRACE_WIRE_STARTS_ANOTHER";
const MARK = Symbol.for("looptrace.wire.tap");

const ENDPOINT =
  /\/(?:chat\/completions|completions|responses|messages|converse(?:-stream)?|invoke(?:-with-response-stream)?)$|:(?:stream)?(?:generateContent|rawPredict)$/i;
const SESSION = ["x-opencode-session", "x-session-affinity", "x-session-id", "session-id", "session_id"];
const ASKED =
  /^(?:user-agent|content-type|accept|x-(?:opencode|session|parent)-[a-z-]+|session[-_]id|x-initiator|openai-(?:beta|intent)|anthropic-(?:beta|version)|traceparent)$/;
const ANSWERED =
  /^(?:content-(?:type|length|encoding)|date|server|via|age|cache-control|retry-after(?:-ms)?|server-timing|cf-(?:ray|cache-status)|openai-(?:processing-ms|version|model)|(?:x-)?(?:[a-z0-9]+-)*(?:request-?id|requestid|generation-id|trace-id|call-id)|(?:x-|anthropic-)(?:[a-z]+-)*rate-?limit-[a-z0-9-]+|x-should-retry|x-(?:[a-z]+-)*cache(?:-[a-z]+)?|x-envoy-upstream-service-time|x-vercel-id|x-ms-region|x-amzn-bedrock-[a-z-]+)$/;
/** Of an address' query all other values may be keys. */
const HARMLESS = new Set(["alt", "api-version", "beta"]);

/** Puts the recorder into this process, and begins a recording in a folder. */
function begin(mode: "preload" | "plugin", folder: string, content: boolean): Tap {
  const fs = process.getBuiltinModule("node:fs");
  const crypto = process.getBuiltinModule("node:crypto");
  // Read once: `timeOrigin` is some ms off, and the two clocks drift apart.
  const origin = Date.now() - performance.now();
  const now = (): number => Math.round((origin + performance.now()) * 100) / 100;
  const id = `${process.pid}-${Date.now().toString(36)}`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW = 0 } = fs.constants;
  const formers = new Map<string, readonly Former[]>();
  let file: number | undefined;
  let written = 0;
  let isOff = false;
  let count = 0;

  const put = (text: string): void => {
    file ??= fs.openSync(`${folder}/${id}.jsonl`, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600);
    const bytes = Buffer.from(`${text}\n`, "utf8");
    if (fs.writeSync(file, bytes) < bytes.length) throw new Error("the disk is full");
    written += bytes.length;
  };
  const head = (): void =>
    put(JSON.stringify({ t: "tap", v: VERSION, id, pid: process.pid, at: now(), mode, content }));
  const write = (line: object): void => {
    if (isOff) return;
    if (written === 0) head();
    put(JSON.stringify(line));
    if (written > MOST_BYTES[mode]) throw new Error(`the recording is longer than ${MOST_BYTES[mode]} bytes`);
  };
  const stop = (why: unknown): void => {
    try {
      isOff = true;
      formers.clear();
      if (file !== undefined) put(`\n${JSON.stringify({ t: "lost", why: String(why).slice(0, MOST_HEADER) })}`);
    } catch {
      // What could not be written cannot be told either.
    }
  };
  /** Does what is only for the recording; a failure ends that, and nothing else. */
  const quietly = <T>(work: () => T): T | undefined => {
    try {
      return isOff ? undefined : work();
    } catch (error) {
      stop(error);
      return undefined;
    }
  };

  const asked = (input: string | URL | Request, init: RequestInit | undefined): Open | undefined => {
    const from = typeof input === "object" && "url" in input ? input : undefined;
    if ((init?.method ?? from?.method ?? "GET").toUpperCase() !== "POST") return undefined;
    const url = new URL(from?.url ?? String(input), "http://nowhere");
    const headers = new Headers(init?.headers ?? from?.headers);
    // opencode's own server, and tool servers.
    if (headers.has("x-opencode-directory") || headers.has("mcp-protocol-version")) return undefined;
    const session = SESSION.map((name) => headers.get(name)).find((value) => value) ?? null;
    const isEndpoint = ENDPOINT.test(url.pathname);
    if (!session && !isEndpoint && !/json/i.test(headers.get("content-type") ?? "")) return undefined;
    const text = textOf(init?.body);
    if (text === undefined) {
      if (session || isEndpoint) write({ t: "lost", why: "a request whose body is a stream is left out" });
      return undefined;
    }
    const ends = `${text.slice(0, 400)}\n${text.slice(-400)}`;
    const model = /"model(?:Id)?"\s*:\s*"([^"]+)"/.exec(ends)?.[1];
    const isPrompt = /"(?:messages|input|contents|prompt)"\s*:/.test(text.slice(0, 4000));
    const isForModel = session ? isEndpoint || isPrompt : isPrompt && (isEndpoint || model !== undefined);
    if (!isForModel || (!session && /"jsonrpc"\s*:/.test(ends))) return undefined;

    const n = count;
    count += 1;
    const delta = compared(`${session}\n${url}\n${model}`, { n, text });
    // In this order: looptrace tells by the first of them whose a line is, without reading all of it.
    write({
      ...{ t: "request", n, at: now(), session, parent: headers.get("x-parent-session-id") },
      ...{ message: headers.get("x-opencode-request"), method: "POST", url: harmlessUrl(url) },
      ...{ headers: listed(headers, ASKED), hash: crypto.createHash("sha256").update(text, "utf8").digest("hex") },
      ...{ bytes: Buffer.byteLength(text), base: delta.base, prefix: delta.prefix, suffix: delta.suffix },
      ...(content ? { middle: text.slice(delta.prefix, text.length - delta.suffix) } : {}),
      ...(headers.has("traceparent") ? { traceparent: headers.get("traceparent") } : {}),
    });
    return {
      n,
      signal: init?.signal ?? from?.signal,
      decoder: new TextDecoder("utf-8", { ignoreBOM: true }),
      chunks: [],
    };
  };
  /** Against the one before that it shares most with: a title's request may come between two of the loop. */
  const compared = (key: string, own: Former): Delta => {
    const group = formers.get(key) ?? [];
    const deltas = group.map((former) => difference(former, own.text));
    const shared = ({ prefix, suffix }: Delta): number => prefix + suffix;
    const none: Delta = { base: null, prefix: 0, suffix: 0 };
    const best = deltas.reduce((a, b) => (shared(b) > shared(a) ? b : a), none);
    const isNext = shared(best) * 2 >= own.text.length;
    formers.delete(key);
    formers.set(key, [...group.filter(({ n }) => !(isNext && n === best.base)), own].slice(-2));
    const [oldest] = formers.keys();
    if (formers.size > MOST_FORMER && oldest !== undefined) formers.delete(oldest);
    return best;
  };

  const flush = (open: Open): void => {
    clearTimeout(open.timer);
    open.timer = undefined;
    const { n, at, chunks, text = "" } = open;
    open.chunks = [];
    open.text = "";
    if (chunks.length > 0) write({ t: "part", n, at, chunks, ...(content ? { text } : {}) });
  };
  const came = (open: Open, bytes: Uint8Array): void => {
    const at = now();
    const text = open.decoder.decode(bytes, { stream: true });
    if (open.chunks.length === 0) open.at = at;
    const after = Math.round((at - (open.at ?? at)) * 10) / 10;
    const last = open.chunks.at(-1);
    if (last && after - last[0] < 1) {
      last[1] += bytes.byteLength;
      last[2] += text.length;
    } else open.chunks.push([after, bytes.byteLength, text.length]);
    open.text = (open.text ?? "") + text;
    if (open.timer !== undefined) return;
    open.timer = setTimeout(() => quietly(() => flush(open)), FLUSH_MS);
    open.timer.unref?.();
  };
  const ended = (open: Open, how: "complete" | "aborted" | "failed", error?: unknown): void => {
    if (open.isOver) return;
    open.isOver = true;
    flush(open);
    const said = error === undefined ? {} : { error: String(error).slice(0, MOST_HEADER) };
    write({ t: "end", n: open.n, at: now(), how: how === "failed" && open.signal?.aborted ? "aborted" : how, ...said });
  };

  /** The same answer, with a body that is written down as it is read. */
  const answered = (open: Open, answer: Response): Response => {
    const { body, status, statusText, headers } = answer;
    write({ t: "response", n: open.n, at: now(), status, headers: listed(headers, ANSWERED) });
    if (!body) {
      ended(open, "complete");
      return answer;
    }
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    // In these two stands nothing that could fail but what the stream itself does.
    const pull = async (to: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      reader ??= body.getReader();
      const read = reader.read();
      const { done, value } = await read.catch((error: unknown) => {
        quietly(() => ended(open, "failed", error));
        throw error;
      });
      if (value) to.enqueue(value);
      if (done) to.close();
      quietly(() => (done ? ended(open, "complete") : came(open, value)));
    };
    const cancel = async (reason: unknown): Promise<void> => {
      quietly(() => ended(open, "aborted"));
      await (reader ?? body).cancel(reason);
    };
    return like(
      answer,
      new Response(new ReadableStream({ pull, cancel }, { highWaterMark: 0 }), { status, statusText, headers }),
    );
  };

  if (mode === "preload") head();
  globalThis.fetch = new Proxy(globalThis.fetch, {
    apply: (original, self, args: Parameters<typeof fetch>) => {
      const open = quietly(() => asked(args[0], args[1]));
      const answer: Promise<Response> = Reflect.apply(original, self, args);
      if (open === undefined) return answer;
      return answer.then(
        (response) => quietly(() => answered(open, response)) ?? response,
        (error: unknown) => {
          quietly(() => ended(open, "failed", error));
          throw error;
        },
      );
    },
  });
  return { now, write: (line) => void quietly(() => write(line)) };
}

function textOf(body: unknown): string | undefined {
  if (typeof body === "string") return body;
  const bytes = body instanceof ArrayBuffer ? new Uint8Array(body) : body;
  return bytes instanceof Uint8Array ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) : undefined;
}

/** What a text has in common with a former one at its beginning and its end; units of UTF-16. */
function difference({ n, text: former }: Former, text: string): Delta {
  const most = Math.min(former.length, text.length);
  const common = (isSame: (from: number, to: number) => boolean, limit: number): number => {
    let length = 0;
    // A slice at a time: comparing those takes a hundredth of what comparing units does.
    for (let step = 4096; step >= 1; step = Math.floor(step / 8)) {
      while (length + step <= limit && isSame(length, length + step)) length += step;
    }
    return length;
  };
  const prefix = common((from, to) => former.slice(from, to) === text.slice(from, to), most);
  const at = (whole: string, from: number, to: number): string => whole.slice(whole.length - to, whole.length - from);
  const suffix = common((from, to) => at(former, from, to) === at(text, from, to), most - prefix);
  return { base: n, prefix, suffix };
}

function listed(headers: Headers, names: RegExp): Headings {
  const found: Headings = {};
  for (const [name, value] of headers) if (names.test(name)) found[name] = value.slice(0, MOST_HEADER);
  return found;
}

/** Without what may be a key. */
function harmlessUrl(url: URL): string {
  const harmless = new URL(url);
  harmless.username = "";
  harmless.password = "";
  harmless.hash = "";
  for (const name of new Set(harmless.searchParams.keys())) {
    if (!HARMLESS.has(name)) harmless.searchParams.set(name, "");
  }
  return harmless.href;
}

/** What an answer says of itself that no constructor takes. */
function like(answer: Response, passed: Response): Response {
  const { url, redirected, type } = answer;
  for (const [name, value] of Object.entries({ url, redirected, type }))
    Object.defineProperty(passed, name, { value, configurable: true });
  const clone = passed.clone.bind(passed);
  return Object.defineProperty(passed, "clone", { value: () => like(answer, clone()), configurable: true });
}

/** Where the plugin's recordings go; undefined where looptrace is gone, or has not cleared them away for long. */
function keptFolder(fs: typeof import("node:fs"), looptrace: string): string | undefined {
  const { LOOPTRACE_HOME, XDG_DATA_HOME, HOME } = process.env;
  const data = XDG_DATA_HOME?.startsWith("/") ? XDG_DATA_HOME : `${HOME}/.local/share`;
  const folder = `${LOOPTRACE_HOME || `${data}/looptrace`}/wire`;
  if (!fs.existsSync(looptrace)) return undefined;
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = fs.lstatSync(folder);
  if (!fs.lstatSync(folder).isDirectory() || uid !== process.getuid?.() || (mode & 0o077) !== 0) return undefined;
  const sizes = fs.readdirSync(folder).map((name) => fs.lstatSync(`${folder}/${name}`).size);
  return sizes.reduce((sum, size) => sum + size, 0) > MOST_KEPT_BYTES ? undefined : folder;
}

const shared = globalThis as { [MARK]?: Tap };

/** The plugin for opencode: the same recording, and when tools really begin and end. */
export async function looptraceWire(): Promise<object> {
  try {
    const fs = process.getBuiltinModule("node:fs");
    const { looptrace, content } = JSON.parse(fs.readFileSync(new URL("installed.json", import.meta.url), "utf8"));
    const folder = shared[MARK] ? undefined : keptFolder(fs, looptrace);
    if (folder !== undefined) shared[MARK] = begin("plugin", folder, content !== false);
  } catch {
    // Then there is no recording.
  }
  const tap = shared[MARK];
  if (!tap) return {};
  const began = new Map<string, number>();
  interface Call {
    readonly tool: string;
    readonly sessionID: string;
    readonly callID: string;
  }
  return {
    "tool.execute.before": async ({ callID }: Call): Promise<void> => {
      if (began.size < MOST_TOOLS) began.set(callID, tap.now());
    },
    "tool.execute.after": async ({ tool, sessionID, callID }: Call): Promise<void> => {
      const start = began.get(callID);
      began.delete(callID);
      if (start !== undefined) tap.write({ t: "tool", session: sessionID, call: callID, tool, start, end: tap.now() });
    },
  };
}

try {
  const { [FOLDER]: folder, [CONTENT]: content, [FIRST]: first } = process.env;
  delete process.env[FIRST];
  // `opencode run` of opencode 2 only starts the process that asks the models.
  if (folder && first === undefined) {
    // What opencode starts is not to be recorded.
    for (const name of [FOLDER, CONTENT, "BUN_INSPECT_PRELOAD"]) delete process.env[name];
    shared[MARK] ??= begin("preload", folder, content !== "0");
  }
} catch {
  // opencode is to run as without it.
}
