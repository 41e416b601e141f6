import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { transformSync } from "@swc/core";
import { expect, onTestFinished, test } from "vitest";
import { linesIn } from "../../support/compare-recording.js";

type Hook = (event: object) => void;

/** The plugin as opencode 2 loads it, with what it has hooked. */
async function hooked({ isPreloaded = false } = {}) {
  const root = mkdtempSync(join(tmpdir(), "plugin-"));
  const folder = join(root, "wire");
  mkdirSync(folder, { mode: 0o700 });
  for (const name of ["tap", "plugin"]) {
    const source = readFileSync(new URL(`../../../src/wire/tap/${name}.ts`, import.meta.url), "utf8");
    const { code } = transformSync(source, {
      jsc: { parser: { syntax: "typescript" }, target: "es2022" },
      module: { type: "es6" },
    });
    writeFileSync(join(root, `${name}.mjs`), code.replaceAll("./tap.js", "./tap.mjs"));
  }
  writeFileSync(join(root, "installed.json"), JSON.stringify({ looptrace: root, folder }));
  const original = globalThis.fetch;
  if (isPreloaded) {
    globalThis.fetch = async () => new Response("ok");
    process.env.LOOPTRACE_WIRE_FOLDER = folder;
  }
  onTestFinished(() => {
    globalThis.fetch = original;
    Reflect.deleteProperty(globalThis, Symbol.for("looptrace.wire.tap"));
    rmSync(root, { recursive: true, force: true });
  });
  const { default: plugin } = await import(pathToFileURL(join(root, "plugin.mjs")).href);
  const hooks = new Map<string, Hook>();
  const hook = async (name: string, callback: Hook): Promise<void> => void hooks.set(name, callback);
  await plugin.setup({ tool: { hook }, session: { hook } });
  const call = (name: string, event: object): void => hooks.get(name)?.(event);
  const lines = () => readdirSync(folder).flatMap((name) => linesIn(readFileSync(join(folder, name), "utf8")));
  return { call, lines };
}

test("tools of two sessions whose provider counts its calls anew", async () => {
  const { call, lines } = await hooked();
  const [one, two] = ["ses_1", "ses_2"].map((sessionID) => ({ sessionID, callID: "call_0", tool: "bash" }));
  call("execute.before", one ?? {});
  call("execute.before", two ?? {});
  call("execute.after", one ?? {});
  call("execute.after", two ?? {});
  expect(lines().filter(({ t }) => t === "tool")).toMatchObject([{ session: "ses_1" }, { session: "ses_2" }]);
});

test("where the tap is preloaded too, each request is for what the hook said of it, whichever goes out first", async () => {
  const { call, lines } = await hooked({ isPreloaded: true });
  const [url, method] = ["https://provider.example/v1/chat/completions", "POST"];
  const headers = { "content-type": "application/json", "x-session-affinity": "ses_1" };
  const bodies = ["title", "primary"].map((text) => JSON.stringify({ model: "m", messages: [text] }));
  for (const [index, kind] of ["title", "primary"].entries()) {
    const request = new Request(url, { method, headers, body: bodies[index] ?? "" });
    call("http.request", { sessionID: "ses_1", kind, request });
    await request.text();
  }
  await new Promise((later) => setImmediate(later));
  for (const body of bodies.toReversed()) await (await fetch(url, { method, headers, body })).text();
  expect(lines().flatMap(({ t, purpose }) => (t === "request" ? [purpose] : []))).toEqual(["primary", "title"]);
});

test("requests of a session at the same time are each for what they are for, and answered once", async () => {
  const { call, lines } = await hooked();
  const request = (text: string): Request =>
    new Request("https://provider.example/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json", "x-session-affinity": "ses_1" },
      body: JSON.stringify({ model: "m", messages: [text] }),
    });
  for (const kind of ["primary", "title"]) call("http.request", { sessionID: "ses_1", kind, request: request(kind) });
  await expect.poll(() => lines().filter(({ t }) => t === "request").length).toBe(2);
  expect(lines().flatMap(({ purpose }) => purpose ?? [])).toEqual(["primary", "title"]);
  for (let times = 0; times < 2; times += 1)
    call("http.response", { sessionID: "ses_1", kind: "primary", response: new Response(null) });
  expect(lines().filter(({ t }) => t === "response")).toHaveLength(1);
});
