import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const real = globalThis.fetch;
let folder = "";
let sent: Headers[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "traces-"));
  sent = [];
  globalThis.fetch = async (input, init) => {
    sent.push(new Headers(init?.headers ?? (input instanceof Request ? input.headers : {})));
    return new Response("ok");
  };
  process.env.LOOPTRACE_TRACES = folder;
  vi.resetModules();
  await import("../../../src/wire/tap/propagate.js");
});
afterEach(() => {
  globalThis.fetch = real;
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

test("a request that is an object keeps all else of it", async () => {
  writeFileSync(join(folder, "ses_root.trace"), TRACE);
  await fetch(new Request("http://127.0.0.1:9/", { headers: { "x-session-id": "ses_root", accept: "text/plain" } }));
  expect(parentOf(sent.at(-1))).toBe(`00-${TRACE}-…-01`);
  expect(sent.at(-1)?.get("accept")).toBe("text/plain");
});
