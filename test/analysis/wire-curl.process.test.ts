import { execFile } from "node:child_process";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { curlOf } from "../../src/analysis/wire-curl.js";
import { jsonForTerminal } from "../../src/text/terminal-json.js";
import { madeExchange } from "../support/made-wire.js";

const run = promisify(execFile);
const received: { method: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => {
    body += text;
  });
  request.on("end", () => {
    received.push({ method: request.method, headers: request.headers, body });
    response.end("ok");
  });
});
let url = "";

beforeAll(async () => {
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

/** What a shell makes of it. */
async function sent(command: string) {
  received.length = 0;
  await run("sh", ["-c", command], { env: { PATH: process.env.PATH, API_KEY: "k$(echo no)'y", no_proxy: "*" } });
  return received[0];
}

const HOSTILE = [
  `it's "quoted" \`whoami\` $(touch x) $HOME \\ ! %s %n -d @/etc/passwd`,
  "two\nlines\r\n\ttab",
  "äß😀\u202e\u009b31m",
  "'; exit 1; '",
  "",
].map((text) => JSON.stringify({ model: "m", messages: [{ role: "user", content: text }] }));

test.each([...HOSTILE, "-n", "%s"])("a shell sends the body as it was: %j", async (body) => {
  const exchange = madeExchange(0, body, { url: `${url}/v1/chat/completions` });
  expect(await sent(curlOf(exchange, body))).toMatchObject({ method: "POST", body });
});

test("on a terminal it is the same JSON, with nothing in it that steers one", async () => {
  const body = JSON.stringify({ text: "\u202e\u009b31m\u001b[2J" });
  const shown = jsonForTerminal(body);
  expect(shown).not.toMatch(/[\u202e\u009b\u001b]/);
  const got = await sent(curlOf(madeExchange(0, body, { url }), shown));
  expect(JSON.parse(got?.body ?? "")).toEqual(JSON.parse(body));
});

test("a body that no argument could hold is sent", async () => {
  const body = JSON.stringify({ text: "x".repeat(400_000) });
  const command = curlOf(madeExchange(0, body, { url }), body);
  // As a person does it: from a file, since the command line of sh itself is an argument too.
  const shell = run("sh", [], { env: { PATH: process.env.PATH, API_KEY: "k", no_proxy: "*" } });
  received.length = 0;
  shell.child.stdin?.end(command);
  await shell;
  expect(received[0]?.body.length).toBe(body.length);
});

test.each([
  ["/v1/chat/completions", {}, "authorization", "Bearer k$(echo no)'y"],
  ["/v1/messages", {}, "x-api-key", "k$(echo no)'y"],
  ["/proxy", { "anthropic-version": "2023-06-01" }, "x-api-key", "k$(echo no)'y"],
])("the key is a variable: %s", async (path, headers, name, value) => {
  const exchange = madeExchange(0, "{}", { url: `${url}${path}`, headers: { ...headers, authorization: "[masked]" } });
  expect((await sent(curlOf(exchange, "{}")))?.headers).toMatchObject({ ...headers, [name]: value });
});

test("without a key nothing is sent, and the shell says what to set", async () => {
  received.length = 0;
  const command = curlOf(madeExchange(0, "{}", { url }), "{}");
  const shell = run("sh", ["-c", `${command}; exit 3`], { env: { PATH: process.env.PATH, no_proxy: "*" } });
  await expect(shell).rejects.toMatchObject({ stderr: expect.stringContaining("API_KEY: set your key") });
  expect(received).toEqual([]);
});

test("what names the session or the trace is left out", () => {
  const headers = { "x-session-id": "ses_1", traceparent: "00-1-2-01", "x-opencode-session": "ses_1", accept: "*/*" };
  const command = curlOf(madeExchange(0, "{}", { url, headers }), "{}");
  expect(command).not.toMatch(/ses_1|traceparent/);
  expect(command).toContain("accept: */*");
});

test("that a secret of the body was masked is said in a comment", async () => {
  const body = JSON.stringify({ text: "key [masked: API_TOKEN]" });
  const command = curlOf(madeExchange(0, body, { url }), body);
  expect(command).toMatch(/^# 1 secret in the body is masked/);
  expect(await sent(command)).toMatchObject({ body });
  expect(curlOf(madeExchange(0, "{}", { url }), "{}")).not.toContain("#");
});

test("where a request has to be signed, the command says so", () => {
  const command = curlOf(madeExchange(0, "{}", { url: "https://bedrock-runtime.eu-west-1.amazonaws.com/x" }), "{}");
  expect(command).toMatch(/^# Amazon Bedrock/);
  expect(command).not.toContain("API_KEY");
});
