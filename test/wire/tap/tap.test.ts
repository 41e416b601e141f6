import * as fs from "node:fs";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { readRecording } from "../../../src/wire/recording/read-recording.js";
import { bodiesIn, linesIn } from "../../support/compare-recording.js";
import { loadTap, type TapOptions } from "../../support/loaded-tap.js";

const root = mkdtempSync(join(tmpdir(), "tap-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ANSWER = 'data: {"choices":[]}\n\n';
const CHAT = "https://provider.example/v1/chat/completions";

/** A tap over a provider that answers everything alike. */
function tapped({ env = {}, ...options }: Partial<TapOptions> = {}) {
  const folder = mkdtempSync(join(root, "run-"));
  const tap = loadTap({
    fetch: async () =>
      new Response(ANSWER, { headers: { "x-request-id": "req_1", "set-cookie": "a=secret", "x-api-key": "secret" } }),
    ...options,
    env: { LOOPTRACE_WIRE_FOLDER: folder, BUN_INSPECT_PRELOAD: "/tap.mjs", ...env },
  });
  const recording = (): string =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), "utf8"))
      .join("");
  const ask = async (url: string, init: RequestInit = {}): Promise<string> => (await tap.fetch(url, init)).text();
  const say = (body: object, headers: Record<string, string> = {}, url = CHAT): Promise<string> =>
    ask(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  return { ...tap, folder, recording, ask, say };
}

const chat = (...texts: readonly string[]): object => ({
  model: "m1",
  messages: texts.map((content) => ({ role: "user", content })),
  tools: [],
});

test("its variables are gone, and its first line is there, as soon as it is loaded", () => {
  const { env, recording, folder } = tapped({ env: { LOOPTRACE_WIRE_CONTENT: "1", HOME: "/home/me" } });
  expect(env).toEqual({ HOME: "/home/me" });
  expect(linesIn(recording())).toMatchObject([{ t: "tap", v: 1, mode: "preload", content: true }]);
  const [name = ""] = readdirSync(folder);
  expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

test("the process that only starts another one hands the variables on", () => {
  const { env, recording, folder } = tapped({ env: { LOOPTRACE_WIRE_STARTS_ANOTHER: "1" } });
  expect(env).toEqual({ LOOPTRACE_WIRE_FOLDER: folder, BUN_INSPECT_PRELOAD: "/tap.mjs" });
  expect(recording()).toBe("");
});

test("a request and its answer, without keys", async () => {
  const { say, recording } = tapped();
  const headers = {
    "user-agent": "opencode/1.18",
    authorization: "Bearer secret",
    "x-api-key": "secret",
    "x-opencode-ticket": "secret",
    cookie: "secret",
    "x-session-affinity": "ses_1",
    "x-parent-session-id": "ses_0",
    "x-opencode-request": "msg_1",
  };
  const url = "https://me:secret@provider.example/v1/chat/completions?key=secret&alt=sse#secret";
  expect(await say(chat("Hello"), headers, url)).toBe(ANSWER);
  expect(recording()).not.toContain("secret");
  const { exchanges, notes } = readRecording(recording(), "recording");
  expect(notes).toEqual([]);
  expect(exchanges).toMatchObject([
    {
      sessionId: "ses_1",
      parentSessionId: "ses_0",
      messageId: "msg_1",
      method: "POST",
      url: "https://provider.example/v1/chat/completions?key=&alt=sse",
      headers: { "user-agent": "opencode/1.18", "x-session-affinity": "ses_1" },
      body: { text: JSON.stringify(chat("Hello")) },
      response: { status: 200, headers: { "x-request-id": "req_1" }, bytes: ANSWER.length, chunks: [{ text: ANSWER }] },
      end: { how: "complete" },
    },
  ]);
});

const GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3:streamGenerateContent?alt=sse";
test.each<readonly [url: string, body: object, headers: Record<string, string> | undefined]>([
  [CHAT, chat("a"), undefined],
  ["https://api.anthropic.com/v1/messages", { model: "claude", messages: [] }, undefined],
  ["https://api.openai.com/v1/responses", { model: "gpt", input: [] }, undefined],
  [GEMINI, { contents: [] }, undefined],
  ["https://bedrock-runtime.us-east-1.amazonaws.com/model/claude/converse-stream", { messages: [] }, undefined],
  ["https://gateway.example/ask", { model: "m", messages: [] }, undefined],
  ["https://gateway.example/ask", { anything: { messages: [] } }, { "x-session-affinity": "ses_1" }],
])("a request to a model: %s", async (url, body, headers) => {
  const { say, recording } = tapped();
  await say(body, headers, url);
  expect(bodiesIn(linesIn(recording()))).toEqual([JSON.stringify(body)]);
});

test.each<readonly [url: string, body: object, headers: Record<string, string> | undefined]>([
  [
    "https://tools.example/mcp",
    { jsonrpc: "2.0", id: 1, method: "tools/call", params: { input: "x", model: "m" } },
    undefined,
  ],
  ["https://tools.example/messages", { method: "x", params: { messages: [] }, jsonrpc: "2.0", id: 0 }, undefined],
  ["https://tools.example/messages", chat("a"), { "mcp-protocol-version": "2025-06-18" }],
  ["http://127.0.0.1:4096/session/ses_1/message", { parts: [] }, undefined],
  ["http://127.0.0.1:4096/session/ses_1/messages", chat("a"), { "x-opencode-directory": "/work" }],
  ["https://registry.npmjs.org/-/npm/v1/security/audits", { name: "x", requires: {} }, undefined],
  ["https://api.openai.com/v1/embeddings", { model: "e", texts: [] }, undefined],
])("no request to a model: %s %j", async (url, body, headers) => {
  const { say, recording } = tapped();
  expect(await say(body, headers, url)).toBe(ANSWER);
  expect(linesIn(recording()).map(({ t }) => t)).toEqual(["tap"]);
});

test("what is only read is none either, and what cannot be told apart ends nothing", async () => {
  const { ask, say, recording } = tapped();
  await ask("https://models.dev/api.json");
  await ask("/relative", { method: "POST", body: "{}" });
  await say(chat("a"));
  expect(linesIn(recording()).map(({ t }) => t)).toEqual(["tap", "request", "response", "part", "end"]);
});

test("requests are told by what they share with those before, also past one for a title", async () => {
  const { say, recording } = tapped();
  const long = "x".repeat(50_000);
  const bodies = [
    chat(long, "1"),
    chat("title"),
    chat(long, "1", "ü 🙂 2"),
    chat(long, "1", "ü 🙃 2", "3"),
    chat(long, "1", "ü 🙃 2", "3"),
  ];
  for (const body of bodies) await say(body, { "x-session-affinity": "ses_1" });
  const lines = linesIn(recording());
  expect(bodiesIn(lines)).toEqual(bodies.map((body) => JSON.stringify(body)));
  expect(lines.filter(({ t }) => t === "request").map(({ base }) => base)).toEqual([null, 0, 0, 2, 3]);
  expect(recording().length).toBeLessThan(60_000);
  expect(readRecording(recording(), "recording")).toMatchObject({ notes: [], exchanges: { length: 5 } });
});

test("200 steps of a session, the last ones of 300 kB, take 2 MB at most", async () => {
  const { say, recording } = tapped();
  const system = "You are helpful. ".repeat(12_000);
  const texts = [system];
  let [size, sent] = [system.length, 0];
  for (let step = 0; step < 200; step += 1) {
    const text = `Step ${step}: ${String.fromCharCode(97 + (step % 26)).repeat(500)}`;
    texts.push(text);
    size += text.length;
    sent += size;
    await say(chat(...texts), { "x-session-affinity": "ses_1" });
  }
  expect(sent).toBeGreaterThan(45_000_000);
  expect(recording().length).toBeLessThan(2_000_000);
  const { exchanges, notes } = readRecording(recording(), "recording");
  expect({ notes, length: exchanges.length }).toEqual({ notes: [], length: 200 });
});

test("sizes, hashes and times alone", async () => {
  const { say, recording } = tapped({ env: { LOOPTRACE_WIRE_CONTENT: "0" } });
  await say(chat("Hello"));
  expect(recording()).not.toContain("Hello");
  expect(recording()).not.toContain("choices");
  const { exchanges, notes } = readRecording(recording(), "recording");
  const bytes = JSON.stringify(chat("Hello")).length;
  expect({ notes, exchanges }).toMatchObject({
    notes: [],
    exchanges: [{ body: { text: null, bytes }, response: { bytes: ANSWER.length, chunks: [{ text: null }] } }],
  });
});

test("a title's request is known as such without its content too", async () => {
  const { say, recording } = tapped({ env: { LOOPTRACE_WIRE_CONTENT: "0" } });
  const asked = { role: "system", content: "You are a title generator. You output ONLY a thread title." };
  await say({ model: "m1", messages: [asked, { role: "user", content: "Hello" }] });
  await say(chat(JSON.stringify(asked)));
  const { exchanges } = readRecording(recording(), "recording");
  expect(exchanges.map(({ purpose }) => purpose)).toEqual(["title", null]);
});

test.each<readonly [what: string, input: unknown, init: object]>([
  ["a header that cannot be sent", CHAT, { headers: { "x-name": "line\nline" } }],
  ["an address that is none", "http://[", {}],
  ["no address", null, {}],
])("%s fails by itself, and the recording goes on", async (_, input, init) => {
  const { fetch, say, recording } = tapped();
  const ask = fetch as (input: unknown, init: object) => Promise<Response>;
  await ask(input, { method: "POST", body: "{}", ...init });
  await say(chat("a"));
  expect(linesIn(recording()).map(({ t }) => t)).toEqual(["tap", "request", "response", "part", "end"]);
});

test("headers that can be read but once are left to the one who sends them", async () => {
  let sent: [string, string][] = [];
  const { fetch } = tapped({
    fetch: async (_, init) => {
      sent = [...new Headers(init?.headers)];
      return new Response(ANSWER);
    },
  });
  const headers = new Map([["x-session-affinity", "ses_1"]]).entries();
  await fetch(CHAT, { method: "POST", body: JSON.stringify(chat("a")), headers: headers as unknown as Headers });
  expect(sent).toEqual([["x-session-affinity", "ses_1"]]);
});

test("after the machine has slept times are those of the clock again", async () => {
  const { say, recording } = tapped();
  await say(chat("a"));
  const before = Date.now;
  Date.now = () => before() + 3_600_000;
  onTestFinished(() => {
    Date.now = before;
  });
  await say(chat("b"));
  const [first, second] = readRecording(recording(), "recording").exchanges;
  expect((second?.sentAt ?? 0) - (first?.sentAt ?? 0)).toBeGreaterThan(3_599_000);
});

test("what former requests are kept for comparing is bounded", async () => {
  const { say, recording } = tapped();
  const long = "x".repeat(6_000_000);
  for (const session of ["ses_1", "ses_2", "ses_3", "ses_1", "ses_3"])
    await say(chat(long, session), { "x-session-affinity": session });
  const requests = linesIn(recording()).filter(({ t }) => t === "request");
  expect(requests.map(({ base }) => base)).toEqual([null, null, null, null, 2]);
});

test("an answer that opencode ends, one that breaks off, and one that never comes", async () => {
  const aborting = new AbortController();
  const answers: (() => Response)[] = [
    () =>
      new Response(
        new ReadableStream({
          pull: async (to) => {
            if (aborting.signal.aborted) throw aborting.signal.reason;
            to.enqueue(new TextEncoder().encode("one"));
            aborting.abort(new Error("enough"));
          },
        }),
      ),
    () => new Response(new ReadableStream({ pull: (to) => to.error(new Error("reset")) })),
    () => {
      throw new TypeError("refused");
    },
  ];
  const { tap, recording } = withAnswers(answers);
  const init = { method: "POST", body: JSON.stringify(chat("a")), headers: { "content-type": "application/json" } };
  await expect((await tap.fetch(CHAT, { ...init, signal: aborting.signal })).text()).rejects.toThrow("enough");
  await expect((await tap.fetch(CHAT, init)).text()).rejects.toThrow("reset");
  await expect(tap.fetch(CHAT, init)).rejects.toThrow("refused");
  const { exchanges } = readRecording(recording(), "recording");
  expect(exchanges.map(({ end }) => [end.how, end.error])).toEqual([
    ["aborted", "Error: enough"],
    ["failed", "Error: reset"],
    ["failed", "TypeError: refused"],
  ]);
  expect(exchanges[0]?.response?.chunks.map(({ text }) => text)).toEqual(["one"]);
});

function withAnswers(answers: (() => Response)[]) {
  const tap = tapped({ fetch: async () => answers.shift()?.() ?? new Response(null) });
  return { tap, recording: tap.recording };
}

test("nothing is read before it is asked for, and not one chunk ahead", async () => {
  let pulled = 0;
  const stream = new ReadableStream(
    { pull: (to) => to.enqueue(new TextEncoder().encode(`chunk ${pulled++};`)) },
    { highWaterMark: 0 },
  );
  const { tap } = withAnswers([() => new Response(stream)]);
  const answer = await tap.fetch(CHAT, {
    method: "POST",
    body: JSON.stringify(chat("a")),
    headers: { "content-type": "application/json" },
  });
  await new Promise((later) => setImmediate(later));
  expect(pulled).toBe(0);
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.read();
  expect(pulled).toBe(2);
  await reader?.cancel();
});

test("what comes faster than time passes does not wait for a line that is ever longer", async () => {
  const chunk = "x".repeat(100_000);
  let left = 30;
  const stream = new ReadableStream({
    pull: (to) => (left-- > 0 ? to.enqueue(new TextEncoder().encode(chunk)) : to.close()),
  });
  const { tap, recording } = withAnswers([() => new Response(stream)]);
  const init = { method: "POST", body: JSON.stringify(chat("a")), headers: { "content-type": "application/json" } };
  expect((await (await tap.fetch(CHAT, init)).text()).length).toBe(3_000_000);
  const lengths = linesIn(recording()).flatMap(({ t, text }) => (t === "part" ? [text?.length ?? 0] : []));
  expect(Math.max(...lengths)).toBeLessThan(400_000);
  expect(readRecording(recording(), "recording").exchanges).toMatchObject([{ response: { bytes: 3_000_000 } }]);
});

test("an answer says of itself what the one from the network said", async () => {
  const real = new Response(ANSWER, { status: 201, statusText: "Made" });
  for (const [name, value] of Object.entries({ url: CHAT, redirected: true }))
    Object.defineProperty(real, name, { value });
  const { tap } = withAnswers([() => real]);
  const answer = await tap.fetch(CHAT, {
    method: "POST",
    body: JSON.stringify(chat("a")),
    headers: { "content-type": "application/json" },
  });
  const seen = ({ url, redirected, status, statusText, type, ok }: Response) => ({
    url,
    redirected,
    status,
    statusText,
    type,
    ok,
  });
  expect(seen(answer)).toEqual({
    url: CHAT,
    redirected: true,
    status: 201,
    statusText: "Made",
    type: "default",
    ok: true,
  });
  expect(seen(answer.clone())).toEqual(seen(answer));
  expect(answer).toBeInstanceOf(Response);
});

test.each([
  ["a folder that is not there", { LOOPTRACE_WIRE_FOLDER: join(root, "nowhere") }, {}],
  ["a folder that nothing can be written to", { LOOPTRACE_WIRE_FOLDER: "/proc" }, {}],
  [
    "a disk that is full",
    {},
    { "node:fs": { ...fs, writeSync: () => fs.writeSync(fs.openSync("/dev/full", "w"), "x") } },
  ],
  ["a disk that fills up in the middle of a line", {}, { "node:fs": { ...fs, writeSync: () => 10 } }],
  ["no module for files", {}, { "node:fs": {} }],
])("%s: the run is as without", async (_, env, modules) => {
  const { say } = tapped({ env, modules });
  expect(await say(chat("a"))).toBe(ANSWER);
  expect(await say(chat("a", "b"))).toBe(ANSWER);
});

test("a disk that fills up: the recording says that it ends, where there is room for that", async () => {
  let writes = 0;
  const writeSync = (file: number, text: string): number => {
    writes += 1;
    if (writes === 4) return fs.writeSync(file, text.slice(0, 20));
    return fs.writeSync(file, text);
  };
  const { say, recording } = tapped({ modules: { "node:fs": { ...fs, writeSync } } });
  expect(await say(chat("a"))).toBe(ANSWER);
  expect(await say(chat("b"))).toBe(ANSWER);
  const { exchanges, notes } = readRecording(recording(), "recording");
  expect(exchanges).toMatchObject([{ response: { status: 200 }, end: { how: "open" } }]);
  expect(notes.join("\n")).toContain("the disk is full");
});

test("a file that another has put in its place is not written to", async () => {
  const folder = mkdtempSync(join(root, "planted-"));
  const target = join(folder, "target");
  fs.writeFileSync(target, "");
  const open = fs.openSync;
  const openSync = (path: string, flags: number, mode: number): number => {
    symlinkSync(target, path);
    return open(path, flags, mode);
  };
  const { say } = tapped({ modules: { "node:fs": { ...fs, openSync } } });
  expect(await say(chat("a"))).toBe(ANSWER);
  expect(readFileSync(target, "utf8")).toBe("");
  chmodSync(target, 0o600);
});
