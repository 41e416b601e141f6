import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Destination } from "../../../src/deliver/destinations/destination.js";
import { send } from "../../../src/deliver/http/send.js";
import { langfuseAt, otlpAt, PUBLIC_KEY, SECRET_KEY } from "../../support/destinations.js";
import { otlpRequest } from "../../support/otlp-requests.js";
import { type Answer, type Receiver, type ReceiverBehaviour, startReceiver } from "../../support/receiver.js";

const BODY = otlpRequest(3).body;
const TEXT = { "content-type": "text/plain" };

async function start(behaviour?: ReceiverBehaviour): Promise<[Receiver, Destination]> {
  const receiver = await startReceiver(behaviour);
  onTestFinished(() => receiver.close());
  return [receiver, langfuseAt(receiver.url)];
}

async function answered(answer: Answer) {
  const [, destination] = await start({ always: answer });
  return send(destination, BODY);
}

test("what goes over the wire is what Langfuse wants", async () => {
  const [receiver, destination] = await start({ keys: { publicKey: PUBLIC_KEY, secretKey: SECRET_KEY } });
  expect(await send(destination, BODY)).toEqual({ kind: "acknowledged" });
  expect(receiver.violations).toEqual([]);
  expect(receiver.spans()).toHaveLength(3);
  expect(receiver.requests[0]?.headers["content-encoding"]).toBeUndefined();
  expect(receiver.requests[0]?.body).toBe(new TextDecoder().decode(BODY));
});

test("a large body is compressed, unless the destination wants none of it", async () => {
  const [receiver, destination] = await start();
  const { body } = otlpRequest(3, { padding: 5000 });
  await send({ ...destination, compression: "gzip" }, body);
  await send({ ...destination, compression: "none" }, body);
  expect(receiver.requests.map(({ headers }) => headers["content-encoding"])).toEqual(["gzip", undefined]);
  expect(receiver.requests[0]?.body).toBe(receiver.requests[1]?.body);
  expect(receiver.violations).toEqual([]);
});

test.each<[string, Answer, object]>([
  ["any JSON with 200", { kind: "status", status: 200, body: '{"name":"job"}' }, { kind: "acknowledged" }],
  ["202 without a body", { kind: "status", status: 202 }, { kind: "acknowledged" }],
  [
    "partial success with a string",
    { kind: "partial", rejectedSpans: "2", errorMessage: "too old" },
    { kind: "partial", rejectedSpans: 2, message: expect.stringContaining("too old") },
  ],
  [
    "partial success with nothing rejected",
    { kind: "partial", rejectedSpans: 0, errorMessage: "be careful" },
    { kind: "acknowledged" },
  ],
  [
    "400",
    { kind: "status", status: 400, body: '{"error":"Invalid OTLP"}' },
    { kind: "rejected", status: 400, message: expect.stringMatching(/answered 400: Invalid OTLP$/) },
  ],
  ["413", { kind: "status", status: 413 }, { kind: "rejected", status: 413 }],
  [
    "401",
    { kind: "status", status: 401, body: '{"message":"Invalid credentials."}' },
    { kind: "unauthorised", status: 401, message: expect.stringContaining("Invalid credentials") },
  ],
  ["403", { kind: "status", status: 403 }, { kind: "unauthorised", status: 403 }],
  [
    "404 with a page",
    {
      kind: "status",
      status: 404,
      body: "<html><style>p{}</style><p>Not\n found</p></html>",
      headers: { "content-type": "text/html" },
    },
    { kind: "misdirected", status: 404, message: expect.stringContaining("404: Not found. Check") },
  ],
  [
    "200 with a page",
    { kind: "status", status: 200, body: "<p>", headers: { "content-type": "text/html; charset=utf-8" } },
    { kind: "misdirected", status: 200, message: expect.stringContaining("web page") },
  ],
  ["429", { kind: "status", status: 429, headers: { "retry-after": "7" } }, { kind: "throttled", retryAfterMs: 7000 }],
  ["429 without a time", { kind: "status", status: 429 }, { kind: "throttled", retryAfterMs: undefined }],
  [
    "503",
    {
      kind: "status",
      status: 503,
      body: '{"message":"Service Unavailable"}',
      headers: { "retry-after": "2" },
    },
    { kind: "unavailable", retryAfterMs: 2000, message: expect.stringContaining("Service Unavailable") },
  ],
  [
    "500",
    { kind: "status", status: 500 },
    { kind: "unavailable", retryAfterMs: undefined, answered: { by: "server", status: 500 } },
  ],
  ["408", { kind: "status", status: 408 }, { kind: "unavailable" }],
  [
    "a reset connection",
    { kind: "reset" },
    { kind: "unavailable", message: expect.stringContaining("closed the connection") },
  ],
])("%s", async (_, answer, result) => {
  expect(await answered(answer)).toMatchObject(result);
});

/** What a proxy's login page, a captive portal, or a broken connection makes of "200". */
describe("200, but not delivered", () => {
  const LOGIN = "<!DOCTYPE html><title>Log in</title><form>";
  const long = JSON.stringify({ a: Array.from({ length: 300 }, (_, i) => (i * 7919) % 1009) });
  const head = (headers: string) => `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}\r\n\r\n`;
  const compressed = (encoding: string, bytes: Uint8Array): Answer => ({
    kind: "raw",
    bytes: Buffer.concat([
      Buffer.from(head(`content-encoding: ${encoding}\r\ncontent-length: ${bytes.length}`)),
      bytes,
    ]),
  });
  const sixfold = Array.from({ length: 6 }).reduce<Uint8Array>((bytes) => gzipSync(bytes), Buffer.from("{}"));
  const ok = (body: string, type?: string): Answer => ({
    kind: "status",
    status: 200,
    body,
    ...(type === undefined ? {} : { headers: { "content-type": type } }),
  });

  test.each<[string, Answer, string]>([
    ["a page that says it is JSON", ok(LOGIN), "with a web page"],
    ["a page that says it is text", ok(LOGIN, "text/plain"), "with a web page"],
    ["a page under 202", { kind: "status", status: 202, body: LOGIN }, "with a web page"],
    ["XHTML", ok('<?xml version="1.0"?><html/>', "application/xhtml+xml"), "with a web page"],
    ["a word", ok("OK", "text/plain"), "no answer of an OTLP receiver"],
    ["JSON that stops", ok('{"name":"jo'), "no answer of an OTLP receiver"],
    ["two values", ok("{}{}"), "no answer of an OTLP receiver"],
    ["a list", ok("[]"), "no answer of an OTLP receiver"],
    ["null", ok("null"), "no answer of an OTLP receiver"],
    ["a text in JSON", ok('"please log in"'), "no answer of an OTLP receiver"],
    ["bytes", ok("\u0000\u0001\u0002"), "no answer of an OTLP receiver"],
    ["an error in JSON", ok('{"error":"not logged in"}'), "but with an error: not logged in"],
    ["another one", ok('{"error":{"code":16,"message":"who?"}}'), "but with an error: who?"],
    ["more than a megabyte", ok(" ".repeat(1024 * 1024 + 1)), "with more than a megabyte"],
    ["an answer that never ends", { kind: "endless", part: "x".repeat(10_000) }, "with more than a megabyte"],
  ])("%s: it is no place for traces", async (_, answer, says) => {
    expect(await answered(answer)).toMatchObject({
      kind: "misdirected",
      message: expect.stringContaining(says),
    });
  });

  test.each<[string, Answer]>([
    ["a length that is not reached", { kind: "raw", bytes: `${head("content-length: 100")}{}` }],
    ["a length of which nothing comes", { kind: "raw", bytes: head("content-length: 100") }],
    ["chunks without an end", { kind: "raw", bytes: `${head("transfer-encoding: chunked")}2\r\n{}\r\n` }],
    ["a chunk that is cut", { kind: "raw", bytes: `${head("transfer-encoding: chunked")}ff\r\n{}` }],
    ["gzip that is none", compressed("gzip", Buffer.from("{}"))],
    ["gzip that is cut to nothing", compressed("gzip", gzipSync(long).subarray(0, 10))],
    ["what was compressed again and again", compressed("gzip, gzip, gzip, gzip, gzip, gzip", sixfold)],
    ["brotli that is cut", compressed("br", brotliCompressSync(long).subarray(0, 8))],
  ])("%s: it is sent again", async (_, answer) => {
    expect(await answered(answer)).toMatchObject({
      kind: "unavailable",
      message: expect.stringMatching(/the answer of .+ breaks off|closed the connection/),
    });
  });

  test("an answer that never comes to its end is given up at the timeout", async () => {
    const [, destination] = await start({ always: { kind: "endless", part: "" } });
    expect(await send(destination, BODY, { timeoutMs: 200 })).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("no answer"),
    });
  });

  test.each<[string, Answer]>([
    ["of no length", { kind: "raw", bytes: head("content-encoding: gzip\r\ncontent-length: 0") }],
    ["under 204", { kind: "raw", bytes: "HTTP/1.1 204 No Content\r\ncontent-encoding: gzip\r\n\r\n" }],
  ])("an answer %s is whole, compressed or not", async (_, answer) => {
    expect(await answered(answer)).toEqual({ kind: "acknowledged" });
  });

  test("gzip that is cut in the middle is not taken for whole", async () => {
    const result = await answered(compressed("gzip", gzipSync(long).subarray(0, 200)));
    expect(result.kind).not.toBe("acknowledged");
  });

  test("spans that such an answer has met are sent again, and arrive once there is a receiver", async () => {
    const [receiver, destination] = await start({ script: [ok(LOGIN, "text/html")] });
    expect((await send(destination, BODY)).kind).toBe("misdirected");
    expect(await send(destination, BODY)).toEqual({ kind: "acknowledged" });
    expect(receiver.requests.map(({ body }) => body)).toEqual(Array(2).fill(new TextDecoder().decode(BODY)));
  });
});

describe("delivered", () => {
  const JOB = { name: "otel-ingestion-job", data: { id: "1" }, opts: { attempts: 6 }, failedReason: null };
  test.each<[string, Answer]>([
    ["Langfuse's job", { kind: "status", status: 200, body: JSON.stringify(JOB) }],
    ["what OTLP says of all taken", { kind: "status", status: 200, body: '{"partialSuccess":{}}' }],
    ["no error", { kind: "status", status: 200, body: '{"error":null,"errors":[]}' }],
    ["an object that is called text", { kind: "status", status: 200, body: " {}\n", headers: TEXT }],
    ["an empty body of no type", { kind: "status", status: 200, headers: { "content-type": "text/html" } }],
    ["204", { kind: "status", status: 204 }],
    ["202 with white space", { kind: "status", status: 202, body: "\r\n" }],
    ["201", { kind: "status", status: 201, body: "{}" }],
    ["a server that closes behind it", { kind: "raw", bytes: "HTTP/1.0 200 OK\r\n\r\n" }],
  ])("%s", async (_, answer) => {
    expect(await answered(answer)).toEqual({ kind: "acknowledged" });
  });

  test("partial success by the names of protobuf", async () => {
    const body = '{"partial_success":{"rejected_spans":"1","error_message":"too old"}}';
    expect(await answered({ kind: "status", status: 200, body })).toMatchObject({
      kind: "partial",
      rejectedSpans: 1,
      message: expect.stringMatching(/dropped 1 of the spans: too old$/),
    });
  });
});

test("a redirect is not followed, so the keys stay where they belong", async () => {
  const [elsewhere] = await start();
  const [, destination] = await start({
    always: { kind: "redirect", status: 307, location: `${elsewhere.url}/login?token=abcdef` },
  });
  expect(await send(destination, BODY)).toMatchObject({
    kind: "misdirected",
    status: 307,
    message: expect.stringContaining(`redirects (307) to ${elsewhere.url}/login?token=***`),
  });
  expect(elsewhere.requests).toEqual([]);
});

test("a server that never answers is unavailable after the timeout", async () => {
  const [, destination] = await start({ always: { kind: "hang" } });
  expect(await send(destination, BODY, { timeoutMs: 50 })).toMatchObject({
    kind: "unavailable",
    message: expect.stringContaining("no answer"),
  });
});

test("a server that changes to another protocol gives no answer", async () => {
  const bytes = "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n";
  expect(await answered({ kind: "raw", bytes })).toMatchObject({
    kind: "unavailable",
    message: expect.stringContaining("closed the connection without an answer"),
  });
});

test("an aborted request is unavailable", async () => {
  const [receiver, destination] = await start({ always: { kind: "hang" } });
  const controller = new AbortController();
  const result = send(destination, BODY, { signal: controller.signal });
  await receiver.arrived(1);
  controller.abort();
  expect(await result).toMatchObject({ kind: "unavailable", message: "interrupted" });
});

test("a time that was cut says what the limit is", async () => {
  const [, destination] = await start({ always: { kind: "hang" } });
  expect(await send(destination, BODY, { timeoutMs: 60, limitMs: 2_000 })).toMatchObject({
    message: expect.stringMatching(/within 0\.1 s, which was left .*\(a request may take 2 s\)$/),
  });
});

test("nothing listens there", async () => {
  const [receiver, destination] = await start();
  await receiver.close();
  expect(await send(destination, BODY)).toMatchObject({
    kind: "unavailable",
    message: `nothing listens at 127.0.0.1:${receiver.port}: connection refused`,
  });
});

test("a port that fetch refuses is explained", async () => {
  expect(await send(otlpAt("http://127.0.0.1:9"), BODY)).toMatchObject({
    message:
      "Node.js does not connect to 127.0.0.1:9: its port is kept for another protocol. Check the port in the address.",
  });
});

test("TLS spoken to a server without it is explained", async () => {
  const [receiver] = await start();
  const result = await send(otlpAt(receiver.url.replace("http:", "https:")), BODY);
  expect(result).toMatchObject({ kind: "unavailable", message: expect.stringContaining("http://") });
});

test("what a server says is bounded, and secrets that it repeats are blotted out", async () => {
  const basic = Buffer.from(`${PUBLIC_KEY}:${SECRET_KEY}`).toString("base64");
  const said = `denied: Basic ${basic} is ${SECRET_KEY} ${"long ".repeat(100_000)}`;
  const result = await answered({
    kind: "status",
    status: 401,
    body: said,
    headers: { "content-type": "text/plain" },
  });
  expect(result).toMatchObject({ message: expect.stringContaining("denied: *** is *** long") });
  expect(JSON.stringify(result)).not.toContain(SECRET_KEY);
  expect(JSON.stringify(result).length).toBeLessThan(600);
});

test.each([
  ["the target of a redirect", { kind: "redirect", location: `/${"long/".repeat(3000)}` } as const],
  ["a page of nothing but the beginnings of tags", page("<".repeat(60_000))],
  ["a page of scripts that never end", page("<script".repeat(9_000))],
  ["a page with a style that is not closed", page(`Gone${"<style>a{}".repeat(5_000)}`)],
])("%s is bounded too, and read in no time", async (_, answer) => {
  const result = await answered(answer);
  expect(result.kind).toBe("misdirected");
  expect(JSON.stringify(result).length).toBeLessThan(1000);
});

test("of a page what it shows is told", async () => {
  const html =
    "<!doctype html><html><head><SCRIPT>if (a < b) hide()</SCRIPT><style>p{}</style><title>Not here</title></head><body><p>Ask <b>them</b></p></body>";
  expect(await answered(page(html))).toMatchObject({
    message: expect.stringContaining("404: Not here Ask them."),
  });
});

function page(body: string): Answer {
  return { kind: "status", status: 404, body, headers: { "content-type": "text/html" } };
}

const DAY_MS = 86_400_000;

test.each([
  ["120", 120_000],
  ["0", 0],
  ["1.5", 1500],
  ["999999999999", DAY_MS],
  ["Tue, 14 Nov 2023 22:00:00 GMT", 0],
  ["Thu, 14 Nov 2999 22:00:00 GMT", DAY_MS],
  ["soon", undefined],
])("Retry-After: %s is at most a day", async (value, ms) => {
  const answer: Answer = { kind: "status", status: 429, headers: { "retry-after": value } };
  expect(await answered(answer)).toMatchObject({ kind: "throttled", retryAfterMs: ms });
});

test.each([
  ["in JSON, with its slashes escaped", (key: string) => JSON.stringify({ errors: [key] }).replaceAll("/", "\\/")],
  ["percent-encoded", (key: string) => `Cannot POST /v1/traces?token=${encodeURIComponent(key)}`],
  ["percent-encoded in small letters", (key: string) => `no ${encodeURIComponent(key).toLowerCase()} here`],
])("a key that a server repeats %s is blotted out", async (_, body) => {
  const key = "ab/cd+ef==zz";
  const [receiver, destination] = await start({ always: { kind: "status", status: 401, body: body(key) } });
  const result = await send({ ...destination, secrets: [key] }, BODY);
  expect(receiver.requests).toHaveLength(1);
  expect(JSON.stringify(result)).toContain("***");
  expect(JSON.stringify(result)).not.toMatch(/cd(?:\+|%2b)ef/i);
});
