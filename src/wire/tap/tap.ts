/**
 * The tap: runs inside opencode's own process, and writes down what that sends to models' providers and what comes
 * back. A file without imports, so that it works wherever it is copied to; Bun loads it as it stands here too. Preloaded
 * (`BUN_INSPECT_PRELOAD`) it begins at once; plugin.ts begins it as a plugin. Whatever goes wrong in here must not be
 * felt in opencode: it never throws, never waits, never holds a byte back, and the first failure ends it.
 */

/** An earlier request of the same session, address and model, that later ones are compared with. */
type Former = { readonly n: number; readonly text: string };
type Delta = { readonly base: number | null; readonly prefix: number; readonly suffix: number };

/** An exchange that is under way, with what came of it and is not yet written. */
export interface Open {
  readonly n: number;
  readonly signal: AbortSignal | null | undefined;
  readonly decoder: InstanceType<typeof TextDecoder>;
  chunks: [after: number, bytes: number, units: number][];
  at?: number;
  text?: string;
  timer?: ReturnType<typeof setTimeout> | undefined;
  isOver?: boolean;
}

/** What the plugin needs of it too. */
export type Tap = ReturnType<typeof begin>;
/** By `BUN_INSPECT_PRELOAD`; as a plugin of opencode 1; by the hooks of opencode 2. */
export type Mode = "preload" | "plugin" | "hooks";

const MOST_BYTES = { preload: 256 * 1024 * 1024, plugin: 32 * 1024 * 1024, hooks: 32 * 1024 * 1024 };
/** Of the earlier requests that are kept to compare with. */
const MOST_UNITS = 16 * 1024 * 1024;
/** The last two: of an answer in one line, since its chunks may come faster than time passes. */
const [FLUSH_MS, MOST_HEADER, MOST_PART_UNITS, MOST_PART_CHUNKS] = [250, 512, 256 * 1024, 1000];
const UNCHANGED = { ignoreBOM: true };
const MARK = Symbol.for("looptrace.wire.tap");

const ENDPOINT =
  /\/(?:chat\/completions|completions|responses|messages|converse(?:-stream)?|invoke(?:-with-response-stream)?)$|:(?:stream)?(?:generateContent|rawPredict)$/i;
/** How opencode 1 asks for a title; it does so while it sends the first step's request. */
const TITLE = /"(?:content|text|instructions|system)"\s*:\s*"You are a title generator\b/;
/** Who sends it, the first that is there. */
const SESSION = "x-opencode-session x-opencode-session-id x-session-affinity x-session-id session-id session_id";
const PARENT = "x-parent-session-id x-opencode-parent-session-id";
/** The headers that are written down: none of these is a key. */
const ASKED =
  /^(?:user-agent|content-type|accept|x-(?:opencode-(?:project|request|client)|(?:opencode-)?(?:parent-)?session(?:-id|-affinity)?)|session[-_]id|x-initiator|openai-(?:beta|intent)|anthropic-(?:beta|version)|traceparent)$/;
const ANSWERED =
  /^(?:content-(?:type|length|encoding)|date|server|via|age|cache-control|retry-after(?:-ms)?|server-timing|cf-(?:ray|cache-status)|openai-(?:processing-ms|version|model)|(?:x-)?(?:[a-z0-9]+-)*(?:request-?id|requestid|generation-id|trace-id|call-id)|(?:x-|anthropic-)(?:[a-z]+-)*rate-?limit-[a-z0-9-]+|x-should-retry|x-(?:[a-z]+-)*cache(?:-[a-z]+)?|x-envoy-upstream-service-time|x-vercel-id|x-ms-region|x-amzn-bedrock-[a-z-]+)$/;

/** Begins a recording of this process in a folder; which throws where it cannot be. */
function begin(mode: Mode, folder: string, content: boolean) {
  const fs = process.getBuiltinModule("node:fs");
  const { createHash } = process.getBuiltinModule("node:crypto");
  const hashOf = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
  let origin = 0;
  const now = (): number => {
    const apart = Date.now() - performance.now();
    // Kept, for only one clock has fractions, unless they have parted, as by sleep. `timeOrigin` is some ms off.
    if (Math.abs(apart - origin) > 50) origin = apart;
    return Math.round((origin + performance.now()) * 100) / 100;
  };
  const id = `${process.pid}-${Date.now().toString(36)}`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW = 0 } = fs.constants;
  const formers = new Map<string, readonly Former[]>();
  /** What requests are for, by the hashes of their bodies, where opencode says so before it sends them. */
  const purposes = new Map<string, string>();
  let file: number | undefined;
  let [written, count, isOff] = [0, 0, false];

  const put = (line: object): void => {
    file ??= fs.openSync(`${folder}/${id}.jsonl`, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600);
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`, "utf8");
    if (fs.writeSync(file, bytes) < bytes.length) throw new Error("the disk is full");
    written += bytes.length;
  };
  const head = (): void => put({ t: "tap", v: 1, id, pid: process.pid, at: now(), mode, content });
  const write = (line: object): void => {
    if (isOff) return;
    if (written === 0) head();
    put(line);
    if (written > MOST_BYTES[mode]) throw new Error(`the recording is longer than ${MOST_BYTES[mode]} bytes`);
  };
  /** Does what is only for the recording; a failure ends that, and nothing else. */
  const quietly = <T>(work: () => T): T | undefined => {
    try {
      return isOff ? undefined : work();
    } catch (error) {
      return stop(error);
    }
  };
  const stop = (why: unknown): undefined => {
    try {
      isOff = true;
      formers.clear();
      // The line that failed may have begun.
      const lost = `\n${JSON.stringify({ t: "lost", why: String(why).slice(0, MOST_HEADER) })}\n`;
      if (file !== undefined) fs.writeSync(file, lost);
    } catch {
      // What could not be written cannot be told either.
    }
  };

  const asked = (input: string | URL | Request, init: RequestInit | undefined, kind?: string): Open | undefined => {
    const from = input instanceof Request ? input : undefined;
    if ((init?.method ?? from?.method ?? "GET").toUpperCase() !== "POST") return undefined;
    const [url, headers] = addressed(from?.url ?? String(input), init?.headers ?? from?.headers) ?? [];
    // opencode's own server, and tool servers.
    if (!url || !headers || headers.has("x-opencode-directory") || headers.has("mcp-protocol-version"))
      return undefined;
    const session = oneOf(headers, SESSION);
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

    const n = count++;
    const hash = hashOf(text);
    const { base, prefix, suffix } = compared(`${session}\n${url}\n${model}`, { n, text });
    // In this order: looptrace tells by the first of them whose a line is, without reading all of it.
    write({
      ...{ t: "request", n, at: now(), session, parent: oneOf(headers, PARENT) },
      ...{ message: headers.get("x-opencode-request"), method: "POST", url: harmlessUrl(url) },
      ...{ headers: listed(headers, ASKED), hash, bytes: Buffer.byteLength(text), base, prefix, suffix },
      middle: content ? text.slice(prefix, text.length - suffix) : undefined,
      purpose: kind ?? purposes.get(hash) ?? (TITLE.test(text) ? "title" : undefined),
      traceparent: headers.get("traceparent") ?? undefined,
    });
    return { n, signal: init?.signal ?? from?.signal, decoder: new TextDecoder("utf-8", UNCHANGED), chunks: [] };
  };
  /** With the one before that it shares most with: a title's request may come between two of the loop. */
  const compared = (key: string, own: Former): Delta => {
    const group = formers.get(key) ?? [];
    let best: Delta = { base: null, prefix: 0, suffix: 0 };
    for (const one of group.map((former) => difference(former, own.text)))
      if (one.prefix + one.suffix > best.prefix + best.suffix) best = one;
    const isNext = ({ n, text }: Former) => n === best.base && (best.prefix + best.suffix) * 2 >= text.length;
    formers.delete(key);
    formers.set(key, [...group.filter((former) => !isNext(former)), own].slice(-2));
    const units = (): number => [...formers.values()].flat().reduce((sum, { text }) => sum + text.length, 0);
    for (const oldest of formers.keys()) if (formers.size > 32 || units() > MOST_UNITS) formers.delete(oldest);
    return best;
  };
  const flush = (open: Open): void => {
    clearTimeout(open.timer);
    const { n, at, chunks, text } = open;
    Object.assign(open, { timer: undefined, chunks: [], text: "" });
    if (chunks.length > 0) write({ t: "part", n, at, chunks, ...(content ? { text } : {}) });
  };
  const came = (open: Open, bytes: Uint8Array): void => {
    const at = now();
    const text = open.decoder.decode(bytes, { stream: true });
    if (open.chunks.length === 0) open.at = at;
    const after = Math.round((at - (open.at ?? at)) * 10) / 10;
    const [began, size, units] = open.chunks.at(-1) ?? [Number.NEGATIVE_INFINITY, 0, 0];
    if (after - began >= 1) open.chunks.push([after, bytes.byteLength, text.length]);
    else open.chunks.splice(-1, 1, [began, size + bytes.byteLength, units + text.length]);
    open.text = (open.text ?? "") + text;
    if (open.text.length >= MOST_PART_UNITS || open.chunks.length >= MOST_PART_CHUNKS) flush(open);
    else open.timer ??= setTimeout(() => quietly(() => flush(open)), FLUSH_MS);
    open.timer?.unref?.();
  };
  const ended = (open: Open, how: "complete" | "aborted" | "failed", error?: unknown): void => {
    if (open.isOver) return;
    open.isOver = true;
    flush(open);
    const said = error === undefined ? {} : { error: String(error).slice(0, MOST_HEADER) };
    write({ t: "end", n: open.n, at: now(), how: how === "failed" && open.signal?.aborted ? "aborted" : how, ...said });
  };
  const failed = (open: Open) => (error: unknown) => {
    quietly(() => ended(open, "failed", error));
    throw error;
  };

  /** The same answer, with a body that is written down as it is read. */
  const answered = (open: Open, answer: Response): Response => {
    const { body, status, statusText, headers } = answer;
    write({ t: "response", n: open.n, at: now(), status, headers: listed(headers, ANSWERED) });
    if (!body) ended(open, "complete");
    if (!body) return answer;
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    // In these two stands nothing that could fail but what the stream itself does.
    const pull = async (to: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      reader ??= body.getReader();
      const { done, value } = await reader.read().catch(failed(open));
      if (value) to.enqueue(value);
      if (done) to.close();
      quietly(() => (done ? ended(open, "complete") : came(open, value)));
    };
    const cancel = async (reason: unknown): Promise<void> => {
      quietly(() => ended(open, "aborted"));
      await (reader ?? body).cancel(reason);
    };
    const passed = new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
    return like(answer, new Response(passed, { status, statusText, headers }));
  };

  if (mode === "preload") head();
  // opencode 2 has taken its `fetch` before it loads plugins.
  if (mode !== "hooks")
    globalThis.fetch = new Proxy(globalThis.fetch, {
      apply: (original, self, args: Parameters<typeof fetch>) => {
        const open = quietly(() => asked(args[0], args[1]));
        const answer: Promise<Response> = Reflect.apply(original, self, args);
        if (open === undefined) return answer;
        return answer.then((response) => quietly(() => answered(open, response)) ?? response, failed(open));
      },
    });
  return { mode, now, quietly, write, asked, answered, purposes, hashOf };
}

/** undefined: it cannot be sent, or its headers can be read but once. */
function addressed(url: string, headers: RequestInit["headers"]): [URL, Headers] | undefined {
  try {
    return headers && "next" in headers ? undefined : [new URL(url, "http://nowhere"), new Headers(headers)];
  } catch {
    return undefined;
  }
}

function textOf(body: unknown): string | undefined {
  if (typeof body === "string") return body;
  const bytes = body instanceof ArrayBuffer ? new Uint8Array(body) : body;
  return bytes instanceof Uint8Array ? new TextDecoder("utf-8", UNCHANGED).decode(bytes) : undefined;
}

/** What a text has in common with a former one at its beginning and its end; units of UTF-16. */
function difference({ n, text: former }: Former, text: string): Delta {
  const common = (isSame: (from: number, to: number) => boolean, most: number): number => {
    let length = 0;
    // Slice by slice: comparing those takes a hundredth of what comparing units does.
    for (let step = 4096; step >= 1; step = Math.floor(step / 8))
      while (length + step <= most && isSame(length, length + step)) length += step;
    return length;
  };
  const most = Math.min(former.length, text.length);
  const prefix = common((from, to) => former.slice(from, to) === text.slice(from, to), most);
  const at = (whole: string, from: number, to: number): string => whole.slice(whole.length - to, whole.length - from);
  return { base: n, prefix, suffix: common((from, to) => at(former, from, to) === at(text, from, to), most - prefix) };
}

function oneOf(headers: Headers, names: string): string | null {
  const first = names.split(" ").find((name) => headers.get(name));
  return first === undefined ? null : headers.get(first);
}

function listed(headers: Headers, names: RegExp): object {
  return Object.fromEntries(
    [...headers].filter(([name]) => names.test(name)).map(([name, value]) => [name, value.slice(0, MOST_HEADER)]),
  );
}

/** Without what may be a key. */
function harmlessUrl(url: URL): string {
  const harmless = Object.assign(new URL(url), { username: "", password: "", hash: "" });
  for (const name of new Set(harmless.searchParams.keys()))
    if (!/^(?:alt|api-version|beta)$/.test(name)) harmless.searchParams.set(name, "");
  return harmless.href;
}

/** What an answer says of itself that no constructor takes. */
function like(answer: Response, passed: Response): Response {
  const clone = passed.clone.bind(passed);
  const { url, redirected, type } = answer;
  for (const [name, value] of Object.entries({ url, redirected, type, clone: () => like(answer, clone()) }))
    Object.defineProperty(passed, name, { value, configurable: true });
  return passed;
}

const shared = globalThis as { [MARK]?: Tap };
/** The process' one recording, however often this file is loaded in it. Where there is none it begins in a folder. */
export function tapInto(folder: () => string | undefined, mode: Mode, content: boolean): Tap | undefined {
  try {
    const place = shared[MARK] ? undefined : folder();
    if (place !== undefined) shared[MARK] = begin(mode, place, content);
  } catch {
    // Then there is none.
  }
  return shared[MARK];
}

try {
  const { LOOPTRACE_WIRE_FOLDER: folder, LOOPTRACE_WIRE_CONTENT: content } = process.env;
  const { LOOPTRACE_WIRE_STARTS_ANOTHER: another } = process.env;
  delete process.env.LOOPTRACE_WIRE_STARTS_ANOTHER;
  // `opencode run` of opencode 2 only starts the process that asks the models.
  if (folder && another === undefined) {
    // What opencode starts is not to be recorded.
    for (const name of ["LOOPTRACE_WIRE_FOLDER", "LOOPTRACE_WIRE_CONTENT", "BUN_INSPECT_PRELOAD"])
      delete process.env[name];
    tapInto(() => folder, "preload", content !== "0");
  }
} catch {
  // opencode is to run as without it.
}
