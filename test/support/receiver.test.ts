import { expect, onTestFinished, test } from "vitest";
import { otlpRequest, spanId, traceId } from "./otlp-requests.js";
import { type Receiver, type ReceiverBehaviour, startReceiver } from "./receiver.js";

const HEADERS = {
  "content-type": "application/json",
  authorization: `Basic ${Buffer.from("pk:sk").toString("base64")}`,
  "x-langfuse-ingestion-version": "4",
  "x-langfuse-sdk-name": "looptrace",
  "x-langfuse-sdk-version": "1",
  "x-langfuse-public-key": "pk",
};

async function receiver(behaviour?: ReceiverBehaviour): Promise<Receiver> {
  const started = await startReceiver(behaviour);
  onTestFinished(() => started.close());
  return started;
}

async function post(
  { url }: Receiver,
  body: string,
  headers: Readonly<Record<string, string>> = HEADERS,
): Promise<number> {
  return (await fetch(`${url}/api/public/otel/v1/traces`, { method: "POST", headers, body })).status;
}

function text(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

test("keeps what it accepted, with attributes as a record", async () => {
  const server = await receiver();
  expect(await post(server, text(otlpRequest(2).body))).toBe(200);
  expect(server.violations).toEqual([]);
  expect(server.spans()).toHaveLength(2);
  expect(server.spans()[0]).toMatchObject({
    traceId: traceId(1),
    spanId: spanId(1),
    parentSpanId: "",
    attributes: { padding: "xxxxxxxxxx" },
    resource: { "service.name": "looptrace" },
    scope: { name: "langfuse-sdk" },
  });
});

test.each([
  ["a lone surrogate", { name: "\ud83d" }, 200, /lone surrogate in .*name/],
  ["a short span id", { spanId: "ab" }, 400, /spanId ab/],
  ["an upper-case trace id", { traceId: traceId(0xab).toUpperCase() }, 400, /traceId 0+AB/],
  ["a numeric time", { startTimeUnixNano: 5 }, 400, /startTimeUnixNano 5/],
  ["attributes as an object", { attributes: { a: 1 } }, 400, /attributes are not a list/],
  ["no name", { name: "" }, 400, /no name/],
])("reports %s", async (_, change, status, violation) => {
  const server = await receiver();
  const request = JSON.parse(text(otlpRequest(1).body));
  Object.assign(request.resourceSpans[0].scopeSpans[0].spans[0], change);
  expect(await post(server, JSON.stringify(request))).toBe(status);
  expect(server.violations.join("\n")).toMatch(violation);
});

test.each([
  ["authorization", 401],
  ["content-type", 400],
  ["x-langfuse-ingestion-version", 200],
])("reports a missing %s", async (name, status) => {
  const server = await receiver();
  const headers = Object.fromEntries(Object.entries(HEADERS).filter(([key]) => key !== name));
  expect(await post(server, text(otlpRequest(1).body), headers)).toBe(status);
  expect(server.violations).toHaveLength(1);
});

test("answers by script, then as always", async () => {
  const server = await receiver({ script: [{ kind: "status", status: 503 }] });
  const body = text(otlpRequest(1).body);
  expect([await post(server, body), await post(server, body)]).toEqual([503, 200]);
  server.behave({ refuseSpanIds: [spanId(1)] });
  expect(await post(server, body)).toBe(400);
  server.behave({ maxBytes: 10 });
  expect(await post(server, body)).toBe(413);
  expect(server.spans()).toHaveLength(1);
  expect(server.requests.map(({ status }) => status)).toEqual([503, 200, 400, 413]);
});
