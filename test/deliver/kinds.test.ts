import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type DeliverOptions, deliver, type RequestToDeliver } from "../../src/deliver/deliver.js";
import { type DestinationReport, isDelivered } from "../../src/deliver/delivery-report.js";
import type { Destination } from "../../src/deliver/destinations/destination.js";
import { send } from "../../src/deliver/http/send.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { discardOutbox } from "../../src/deliver/queue/discard-outbox.js";
import { listRequests } from "../../src/deliver/queue/outbox.js";
import { outboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { langfuseAt, otlpAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { file, metrics, PNG, scoresRequest } from "../support/other-requests.js";
import { otlpRequest, spanId, traceId } from "../support/otlp-requests.js";
import { type Answer, type Receiver, type ReceiverBehaviour, startReceiver } from "../support/receiver.js";
import { temporaryStore, walk } from "../support/temporary-store.js";

const BUSY: Answer = { kind: "status", status: 503, body: '{"message":"busy"}' };
const MISSING: Answer = { kind: "status", status: 404, body: '{"message":"no such thing"}' };

async function setup(behaviour: ReceiverBehaviour = {}, destinationAt = langfuseOf) {
  const receiver = await startReceiver(behaviour);
  onTestFinished(() => receiver.close());
  const destination = destinationAt(receiver);
  const paths = await temporaryStore();
  const folder = join(paths.outbox, destination.id);
  return {
    receiver,
    destination,
    paths,
    names: async () => (await listRequests(folder)).map(({ name }) => name),
    folder,
    deliver: async (requests: readonly RequestToDeliver[], options?: DeliverOptions) =>
      only(await deliver(requests, [destination], { paths, clock: fakeClock(), ...options })),
    push: async () => only((await pushOutbox([destination], { paths, clock: fakeClock() })).reports),
  };
}

function langfuseOf({ url }: Receiver): Destination {
  return langfuseAt(url);
}

/** An OTLP backend that takes metrics beside its traces. */
function otlpOf({ url }: Receiver): Destination {
  const traces = otlpAt(url);
  return { ...traces, metrics: { ...traces, endpoint: `${url}/v1/metrics` } };
}

function only(reports: readonly DestinationReport[]): DestinationReport {
  const [report] = reports;
  if (report === undefined || reports.length !== 1) throw new Error(`${reports.length} reports`);
  return report;
}

const NONE = { acknowledged: 0, alreadyAcknowledged: 0, pending: 0, unsaved: 0, rejected: 0 };

test("each kind goes to the destinations that take it, once, the spans first", async () => {
  const s = await setup();
  const otlp = await setup({ dialect: "otlp" }, otlpOf);
  const requests = [scoresRequest(3), file(2), metrics(2), otlpRequest(4)];
  const both = [s.destination, otlp.destination];
  const reports = await deliver(requests, both, { paths: s.paths, clock: fakeClock() });
  expect(reports).toMatchObject([
    { acknowledged: 4, pending: { spans: 0, requests: 0 }, beside: { scores: { ...NONE, acknowledged: 3 } } },
    { acknowledged: 4, pending: { spans: 0, requests: 0 }, beside: { metrics: { ...NONE, acknowledged: 2 } } },
  ]);
  expect(reports.map(({ beside }) => Object.keys(beside))).toEqual([["scores", "media"], ["metrics"]]);
  expect(isDelivered(reports)).toBe(true);
  expect(
    s.receiver.requests.map(({ method, path }) => `${method} ${path.replace(/[^/]{22}(?=$|\?)/, "<id>")}`),
  ).toEqual([
    "POST /api/public/otel/v1/traces",
    "POST /api/public/ingestion",
    "POST /api/public/media",
    "PUT /storage/<id>?X-Amz-Signature=signed-for-you",
    "PATCH /api/public/media/<id>",
    "POST /api/public/media",
  ]);
  expect(otlp.receiver.requests.map(({ path }) => path)).toEqual(["/v1/traces", "/v1/metrics"]);
  expect([...s.receiver.violations, ...otlp.receiver.violations]).toEqual([]);

  const again = await deliver(requests, both, { paths: s.paths, clock: fakeClock() });
  expect(again).toMatchObject([
    {
      alreadyAcknowledged: 4,
      beside: { scores: { ...NONE, alreadyAcknowledged: 3 }, media: { alreadyAcknowledged: 2 } },
    },
    { alreadyAcknowledged: 4, beside: { metrics: { ...NONE, alreadyAcknowledged: 2 } } },
  ]);
  expect([s.receiver.requests.length, otlp.receiver.requests.length]).toEqual([6, 2]);
  expect(await s.names()).toEqual([]);
});

test("what waits is told by kind, delivered by a push, and thrown away like spans", async () => {
  const s = await setup({ always: BUSY });
  const given = [otlpRequest(4), scoresRequest(3), file(2)];
  expect(await s.deliver(given)).toMatchObject({
    pending: { spans: 4, requests: 3 },
    beside: { scores: { ...NONE, pending: 3 }, media: { ...NONE, pending: 2 } },
    lastError: expect.stringContaining("busy"),
  });
  const kinds = (await s.names()).map((name) => name.replace(/^.*-\d+\./, ""));
  expect(kinds.toSorted()).toEqual(["json", "media", "scores.json"]);
  expect((await walk(s.folder)).filter(({ isFolder }) => !isFolder).every(({ mode }) => mode === 0o600)).toBe(true);
  expect(await outboxStatus(s.paths)).toMatchObject([{ requests: 3, spans: 4, beside: { scores: 3, media: 2 } }]);

  s.receiver.behave({});
  expect(await s.push()).toMatchObject({
    acknowledged: 4,
    beside: { scores: { acknowledged: 3 }, media: { acknowledged: 2 } },
  });
  expect(s.receiver.scores().map(({ id }) => id)).toEqual(["score-1-1", "score-1-2", "score-1-3"]);

  s.receiver.behave({ always: BUSY });
  await s.deliver([otlpRequest(1, { trace: 2 }), scoresRequest(2, { trace: 3 })]);
  const discarded = await discardOutbox(s.paths, s.destination.id);
  expect(discarded).toMatchObject({ requests: 2, spans: 1, beside: { scores: 2 } });
  // Each request is a file of its own, and their names have an order by time alone.
  expect(discarded.traceIds.toSorted()).toEqual([traceId(2), traceId(3)]);
});

test("one kind that is not taken holds back no other", async () => {
  const s = await setup({ at: { "/api/public/ingestion": MISSING } });
  const report = await s.deliver([otlpRequest(4), scoresRequest(3), file(1)]);
  expect(report).toMatchObject({
    acknowledged: 4,
    pending: { spans: 0, requests: 1 },
    beside: { scores: { pending: 3 }, media: { acknowledged: 1 } },
    lastError: expect.stringContaining("no such thing"),
  });
  expect(isDelivered([report])).toBe(false);
  s.receiver.behave({});
  expect(await s.push()).toMatchObject({ beside: { scores: { acknowledged: 3 } }, lastError: undefined });
});

test.each([
  ["does not answer", { kind: "reset" } as const],
  ["refuses the keys", { kind: "status", status: 401, body: "{}" } as const],
])("a destination that %s is not asked once more for each kind", async (_, always) => {
  const s = await setup({ always });
  const report = await s.deliver([otlpRequest(4), scoresRequest(3), file(1)], { budgetMs: 1_000 });
  expect(report).toMatchObject({ pending: { spans: 4, requests: 3 }, beside: { scores: { pending: 3 } } });
  expect(new Set(s.receiver.requests.map(({ path }) => path)).size).toBe(1);
});

test("a damaged file is set aside, whatever its kind", async () => {
  const s = await setup({ always: BUSY });
  await s.deliver([scoresRequest(2), file(1)]);
  for (const name of await s.names()) await writeFile(join(s.folder, name), "{}\nno such thing");
  s.receiver.behave({});
  expect(await s.push()).toMatchObject({
    beside: { scores: { rejected: 2, pending: 0 }, media: { rejected: 1, pending: 0 } },
    problems: [expect.stringContaining("with scores"), expect.stringContaining("is not a file")],
  });
});

describe("scores", () => {
  test("that Langfuse refuses are set aside one by one, and those in trouble come again", async () => {
    const s = await setup({ scoreErrors: { "score-1-2": 400, "score-1-4": 500 } });
    const report = await s.deliver([scoresRequest(5)]);
    expect(report).toMatchObject({ beside: { scores: { acknowledged: 3, rejected: 1, pending: 1 } } });
    expect(await outboxStatus(s.paths)).toMatchObject([{ requests: 1, beside: { scores: 1 }, rejectedRequests: 1 }]);
    const folder = join(s.paths.rejected, s.destination.id);
    const [kept = ""] = (await readdir(folder)).filter((name) => name.endsWith(".scores.json"));
    expect(JSON.parse(await readFile(join(folder, kept), "utf8"))).toMatchObject({ batch: [{ id: "score-1-2" }] });
    s.receiver.behave({});
    expect(await s.push()).toMatchObject({ beside: { scores: { acknowledged: 1, rejected: 0 } } });
    expect(s.receiver.scores().map(({ id }) => id)).toEqual(["score-1-1", "score-1-3", "score-1-5", "score-1-4"]);
  });

  test("of which none is taken stay: then it is not the scores", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => [`score-1-${index + 1}`, 400] as const);
    const s = await setup({ scoreErrors: Object.fromEntries(ids) });
    expect(await s.deliver([scoresRequest(20)])).toMatchObject({ beside: { scores: { pending: 20, rejected: 0 } } });
    s.receiver.behave({});
    expect(await s.push()).toMatchObject({ beside: { scores: { acknowledged: 20 } } });
  });

  test.each([
    [
      "a login page",
      { kind: "status", status: 200, body: "<html>", headers: { "content-type": "text/html" } } as const,
    ],
    ["an answer that names none", { kind: "status", status: 207, body: '{"successes":[],"errors":[]}' } as const],
    ["an answer that is cut", { kind: "raw", bytes: 'HTTP/1.1 207 OK\r\ncontent-length: 99\r\n\r\n{"succ' } as const],
  ])("are not taken by %s", async (_, always) => {
    const s = await setup({ always });
    expect(await s.deliver([scoresRequest(2)])).toMatchObject({ beside: { scores: { pending: 2, acknowledged: 0 } } });
    s.receiver.behave({});
    expect(await s.push()).toMatchObject({ beside: { scores: { acknowledged: 2 } } });
  });
});

describe("metrics", () => {
  const taken = (receiver: Receiver): string =>
    JSON.stringify(receiver.metrics())
      .match(/sum-\d+/g)
      ?.join(" ") ?? "";

  test("that were acknowledged are left out of a later request", async () => {
    const s = await setup({ dialect: "otlp" }, otlpOf);
    await s.deliver([metrics(2)]);
    expect(await s.deliver([metrics(4)])).toMatchObject({
      beside: { metrics: { acknowledged: 2, alreadyAcknowledged: 2 } },
    });
    expect(taken(s.receiver)).toBe("sum-1 sum-2 sum-3 sum-4");
  });

  test("that were dropped in part are not sent again, as OTLP has it", async () => {
    const partial = { kind: "status", status: 200, body: '{"partialSuccess":{"rejectedDataPoints":"1"}}' } as const;
    const s = await setup({ dialect: "otlp", always: partial }, otlpOf);
    expect(await s.deliver([metrics(1)])).toMatchObject({
      beside: { metrics: { pending: 0, rejected: 1 } },
      lastError: expect.stringContaining("1 of the data points"),
    });
    expect(await s.deliver([metrics(1)])).toMatchObject({ beside: { metrics: { alreadyAcknowledged: 1 } } });
    expect(s.receiver.requests).toHaveLength(1);
  });

  test("that wait, and have no place any more, stay and say what can be done", async () => {
    const s = await setup({ dialect: "otlp", always: BUSY }, otlpOf);
    await s.deliver([metrics(2)], { budgetMs: 1 });
    const { metrics: _, ...without } = s.destination;
    const { reports } = await pushOutbox([without], { paths: s.paths, clock: fakeClock() });
    expect(reports).toMatchObject([
      { beside: { metrics: { pending: 2 } }, lastError: expect.stringMatching(/OTEL_METRICS_EXPORTER.*--discard/) },
    ]);
  });

  test("go nowhere where no place for them is configured", async () => {
    const s = await setup({ dialect: "otlp" }, ({ url }) => otlpAt(url));
    expect(await s.deliver([metrics(1), otlpRequest(1)])).toMatchObject({ acknowledged: 1, beside: {} });
  });
});

describe("files", () => {
  const one = (receiver: Receiver) => [...receiver.media().values()][0];

  test("are uploaded once for all that show them, also in later traces", async () => {
    const s = await setup();
    await s.deliver([file(2), file(1, { trace: 2 })], { concurrency: 1 });
    await s.deliver([file(3)]);
    expect(s.receiver.media().size).toBe(1);
    expect(one(s.receiver)).toMatchObject({ puts: 1, uploadHttpStatus: 200, contentType: "image/png" });
    expect(one(s.receiver)?.bytes?.equals(PNG)).toBe(true);
    expect(one(s.receiver)?.links.map(({ traceId, observationId }) => `${traceId} ${observationId}`)).toEqual([
      `${traceId(1)} ${spanId(1)}`,
      `${traceId(1)} ${spanId(2)}`,
      `${traceId(2)} ${spanId(1)}`,
      `${traceId(1)} ${spanId(3)}`,
    ]);
    expect(s.receiver.violations).toEqual([]);
  });

  test.each([
    ["is in trouble", [500]],
    ["does not know the address any more", [403]],
    ["has let the key of the address expire", [400]],
  ])("whose storage %s are asked for anew", async (_, storageScript) => {
    const s = await setup({ storageScript: [...storageScript] });
    expect(await s.deliver([file(1)])).toMatchObject({ beside: { media: { acknowledged: 1 } } });
    expect(s.receiver.requests.map(({ method }) => method)).toEqual(["POST", "PUT", "POST", "PUT", "PATCH"]);
    expect(one(s.receiver)).toMatchObject({ puts: 1, uploadHttpStatus: 200 });
  });

  test.each<readonly [string, Answer]>([
    ["a storage that refuses every address", { kind: "status", status: 403, body: "<Error/>" }],
    [
      "a page in the place of the storage",
      { kind: "status", status: 200, body: "<!doctype html><title>Log in</title>" },
    ],
  ])("wait for %s, and nobody waits with them", async (_, answer) => {
    const s = await setup({ at: { "X-Amz-Signature=signed-for-you": answer } });
    const clock = fakeClock();
    expect(await s.deliver([otlpRequest(1), file(1)], { clock })).toMatchObject({
      acknowledged: 1,
      beside: { media: { pending: 1 } },
    });
    expect(clock.slept).toEqual([]);
    s.receiver.behave({});
    expect(await s.push()).toMatchObject({ beside: { media: { acknowledged: 1 } } });
    expect(s.receiver.violations).toEqual([]);
  });

  test("are put once into a storage whose 201 Langfuse does not count as an upload", async () => {
    const s = await setup({ storageScript: [201] });
    expect(await s.deliver([file(3)])).toMatchObject({ beside: { media: { acknowledged: 3 } } });
    expect(one(s.receiver)).toMatchObject({ puts: 1, uploadHttpStatus: 201, links: [{}, {}, {}] });
  });

  test("have time by their size to be uploaded, and within the delivery's", async () => {
    const timeouts = vi.spyOn(AbortSignal, "timeout");
    onTestFinished(() => timeouts.mockRestore());
    const s = await setup();
    const bytes = new Uint8Array(1_280_000);
    await s.deliver([file(1, { bytes, type: "application/octet-stream" })], { budgetMs: 60_000, timeoutMs: 5_000 });
    expect(timeouts.mock.calls).toEqual([[5_000], [15_000], [5_000]]);
    await s.deliver([file(1)], { budgetMs: 3_000, timeoutMs: 5_000 });
    expect(timeouts.mock.calls.slice(3).map(([ms]) => ms > 3_000)).toEqual([false, false, false]);
  });

  test("wait for the next delivery where the time is over between one span and the next", async () => {
    const { receiver, destination } = await setup();
    const { body } = file(3);
    const late = { kind: "unavailable", message: "the time for delivery ran out" };
    expect(await send(destination, body, { kind: "media", budgetMs: 0 })).toMatchObject(late);
    expect(receiver.requests).toEqual([]);
    const now = vi.spyOn(performance, "now");
    onTestFinished(() => now.mockRestore());
    const start = performance.now();
    now.mockImplementation(() => start + (one(receiver)?.uploadHttpStatus === undefined ? 0 : 100));
    expect(await send(destination, body, { kind: "media", budgetMs: 100 })).toMatchObject({
      kind: "itemised",
      taken: [0],
      refused: [],
      rest: late,
    });
  });

  test("that Langfuse does not take are set aside whole, with their header", async () => {
    const s = await setup();
    const report = await s.deliver([file(1, { type: "image/x-unknown" }), file(1)]);
    expect(report).toMatchObject({ beside: { media: { rejected: 1, acknowledged: 1, pending: 0 } } });
    const folder = join(s.paths.rejected, s.destination.id);
    const [kept = ""] = (await readdir(folder)).filter((name) => name.endsWith(".media"));
    const [header = ""] = (await readFile(join(folder, kept), "latin1")).split("\n");
    expect(JSON.parse(header)).toMatchObject({ contentType: "image/x-unknown", contentLength: PNG.byteLength });
  });

  test("stay where a Langfuse has no storage, without a try after the other", async () => {
    const message = "Media upload to blob storage not enabled or no bucket configured";
    const s = await setup({ mediaAnswer: { status: 500, json: { message, error: "InternalServerError" } } });
    expect(await s.deliver([otlpRequest(1), file(1)])).toMatchObject({
      acknowledged: 1,
      beside: { media: { pending: 1 } },
      lastError: expect.stringContaining("LANGFUSE_S3_MEDIA_UPLOAD_BUCKET"),
    });
    expect(s.receiver.requests).toHaveLength(2);
  });

  test("go to no address that the keys' owner would not want", async () => {
    const s = await setup({ storageUrl: "ftp://127.0.0.1/storage" });
    expect(await s.deliver([file(1)])).toMatchObject({
      beside: { media: { pending: 1 } },
      lastError: expect.stringContaining("begins with ftp:"),
    });
  });
});
