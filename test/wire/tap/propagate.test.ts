import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const real = globalThis.fetch;
const TAP = Symbol.for("looptrace.wire.tap");
let folder = "";
let sent: Headers[] = [];
let lines: object[] = [];
let answer = (_headers: Headers): Response => new Response("ok");

async function load(more: Readonly<Record<string, string>> = {}): Promise<void> {
  globalThis.fetch = async (input, init) => {
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
    sent.push(headers);
    return answer(headers);
  };
  Object.assign(process.env, { LOOPTRACE_TRACES: folder, ...more });
  vi.resetModules();
  await import("../../../src/wire/tap/propagate.js");
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "traces-"));
  [sent, lines, answer] = [[], [], () => new Response("ok")];
  const tap = { quietly: (work: () => void) => work(), write: (line: object) => lines.push(line), now: () => 7 };
  Object.assign(globalThis, { [TAP]: tap });
  await load();
});
afterEach(() => {
  globalThis.fetch = real;
  Reflect.deleteProperty(globalThis, TAP);
  rmSync(folder, { recursive: true, force: true });
});

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const parentOf = (headers: Headers | undefined): string | undefined =>
  headers?.get("traceparent")?.replace(/-[0-9a-f]{16}-01$/, "-…-01");
async function ask(headers: Record<string, string>): Promise<Headers | undefined> {
  await fetch("http://127.0.0.1:9/v1/chat/completions", { method: "POST", headers, body: "{}" });
  return sent.at(-1);
}

test("a request carries its session's trace, a subagent's its root's, each with a span id of its own", async () => {
  writeFileSync(join(folder, "ses_root.trace"), TRACE);
  const asked = [
    await ask({ "x-session-affinity": "ses_root" }),
    await ask({ "x-session-affinity": "ses_child", "x-parent-session-id": "ses_root" }),
    await ask({ "x-session-affinity": "ses_grandchild", "x-parent-session-id": "ses_child" }),
  ];
  expect(asked.map(parentOf)).toEqual([1, 2, 3].map(() => `00-${TRACE}-…-01`));
  expect(new Set(asked.map((headers) => headers?.get("traceparent"))).size).toBe(3);
  expect(process.env.LOOPTRACE_TRACES).toBeUndefined();
});

test("the next prompt's trace is told anew", async () => {
  writeFileSync(join(folder, "ses_root.trace"), TRACE);
  await ask({ "x-session-affinity": "ses_root" });
  const next = TRACE.replaceAll("0", "1");
  writeFileSync(join(folder, "ses_root.trace"), next);
  expect(parentOf(await ask({ "x-session-affinity": "ses_root" }))).toBe(`00-${next}-…-01`);
});

test.each([
  ["of no session", {}],
  ["of a session without a trace", { "x-session-affinity": "ses_none" }],
  ["of a session whose trace is none", { "x-session-affinity": "ses_bad" }],
  ["of what is no session", { "x-session-affinity": "../ses_root" }],
  ["that is signed", { "x-session-affinity": "ses_root", authorization: "AWS4-HMAC-SHA256 Credential=k" }],
  ["that is signed by its date", { "x-session-affinity": "ses_root", "x-amz-date": "20261129T030000Z" }],
])("a request %s goes out as it came", async (_, headers) => {
  writeFileSync(join(folder, "ses_root.trace"), TRACE);
  writeFileSync(join(folder, "ses_bad.trace"), "no trace");
  const asked = await ask(headers);
  expect([...(asked ?? [])]).toEqual([...new Headers(headers)]);
});

test("one that has a trace already keeps it", async () => {
  writeFileSync(join(folder, "ses_root.trace"), TRACE);
  const own = `00-${TRACE.replaceAll("0", "2")}-00f067aa0ba902b7-01`;
  const asked = await ask({ "x-session-affinity": "ses_root", traceparent: own });
  expect(asked?.get("traceparent")).toBe(own);
});

test("but for one that opencode 2 made of a trace that it sends to nobody", async () => {
  await load({ LOOPTRACE_TRACES_ANEW: "1" });
  writeFileSync(join(folder, "ses_root.trace"), TRACE);
  const own = `00-${TRACE.replaceAll("0", "2")}-00f067aa0ba902b7-01`;
  const asked = await ask({ "x-session-affinity": "ses_root", traceparent: own });
  expect(parentOf(asked)).toBe(`00-${TRACE}-…-01`);
  expect(process.env.LOOPTRACE_TRACES_ANEW).toBeUndefined();
});

test("a provider that refuses the header is asked again without it, gets none from then on, and that is said once", async () => {
  writeFileSync(join(folder, "ses_root.trace"), TRACE);
  answer = (headers) =>
    headers.has("traceparent")
      ? new Response('{"error":"unknown header: Traceparent"}', { status: 400 })
      : new Response("welcome");
  const init = { method: "POST", headers: { "x-session-affinity": "ses_root" }, body: "{}" };
  const answers = [];
  for (let times = 0; times < 2; times += 1) answers.push(await fetch("http://127.0.0.1:9/v1/chat/completions", init));
  expect(await Promise.all(answers.map((one) => one.text()))).toEqual(["welcome", "welcome"]);
  expect(sent.map((headers) => headers.has("traceparent"))).toEqual([true, false, false]);
  expect(lines).toEqual([
    { t: "note", text: expect.stringMatching(/^http:\/\/127\.0\.0\.1:9 refuses requests with a/) },
  ]);
  await fetch("http://127.0.0.1:10/v1/chat/completions", init);
  expect(sent.at(-2)?.has("traceparent")).toBe(true);
});

test("what is refused for another reason is refused", async () => {
  writeFileSync(join(folder, "ses_root.trace"), TRACE);
  answer = () => new Response('{"error":"the prompt is too long"}', { status: 400 });
  const init = { method: "POST", headers: { "x-session-affinity": "ses_root" }, body: "{}" };
  const refused = await fetch("http://127.0.0.1:9/v1/chat/completions", init);
  expect([refused.status, await refused.text(), sent.length, lines]).toEqual([
    ...[400, '{"error":"the prompt is too long"}', 1],
    [],
  ]);
});

describe("a call of a tool server", () => {
  const call = async (method = "tools/call"): Promise<Headers | undefined> => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { name: "lookup", arguments: {} } });
    await fetch("http://127.0.0.1:8/mcp", { method: "POST", headers: { "mcp-protocol-version": "2025-06-18" }, body });
    return sent.at(-1);
  };

  test("carries the trace of the turn that is at work, and is written down", async () => {
    writeFileSync(join(folder, "ses_root.trace"), TRACE);
    writeFileSync(join(folder, "ses_before.trace"), `${TRACE.replaceAll("0", "1")}\nover`);
    const headers = await call();
    expect(parentOf(headers)).toBe(`00-${TRACE}-…-01`);
    const traceparent = headers?.get("traceparent");
    const told = { t: "tool", session: "ses_root", call: "", tool: "lookup", start: 7, end: null, traceparent };
    expect(lines).toEqual([told]);
  });

  test("carries none where several turns are at work, none is, or it is no call of a tool", async () => {
    expect((await call())?.has("traceparent")).toBe(false);
    writeFileSync(join(folder, "ses_root.trace"), TRACE);
    expect((await call("tools/list"))?.has("traceparent")).toBe(false);
    writeFileSync(join(folder, "ses_other.trace"), TRACE.replaceAll("0", "1"));
    expect((await call())?.has("traceparent")).toBe(false);
    expect(lines).toEqual([]);
  });
});

test("a request that is an object keeps all else of it", async () => {
  writeFileSync(join(folder, "ses_root.trace"), TRACE);
  await fetch(new Request("http://127.0.0.1:9/", { headers: { "x-session-id": "ses_root", accept: "text/plain" } }));
  expect(parentOf(sent.at(-1))).toBe(`00-${TRACE}-…-01`);
  expect(sent.at(-1)?.get("accept")).toBe("text/plain");
});
