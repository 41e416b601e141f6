import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type DeliverOptions, deliver } from "../../src/deliver/deliver.js";
import type { DeliveryProgress } from "../../src/deliver/delivery-progress.js";
import { type DestinationReport, isDelivered } from "../../src/deliver/delivery-report.js";
import type { Destination } from "../../src/deliver/destinations/destination.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { listRequests } from "../../src/deliver/queue/outbox.js";
import { outboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { readReceipts } from "../../src/deliver/receipts/receipts.js";
import { type StorePaths, storePathsAt } from "../../src/files/store-paths.js";
import type { OtlpRequest } from "../../src/otel/otlp-request.js";
import { langfuseAt, otlpAt, SECRET_KEY } from "../support/destinations.js";
import { fakeClock, fakeClockAfter } from "../support/fake-clock.js";
import { otlpRequest, otlpRequests, spanId, traceId } from "../support/otlp-requests.js";
import { type Receiver, type ReceiverBehaviour, startReceiver } from "../support/receiver.js";
import { temporaryStore, walk } from "../support/temporary-store.js";

async function receive(behaviour?: ReceiverBehaviour): Promise<Receiver> {
  const receiver = await startReceiver(behaviour);
  onTestFinished(() => receiver.close());
  return receiver;
}

interface Setup {
  readonly receiver: Receiver;
  readonly destination: Destination;
  readonly paths: StorePaths;
  deliver(requests: readonly OtlpRequest[], options?: DeliverOptions): Promise<DestinationReport>;
  push(): Promise<DestinationReport>;
}

async function setup(behaviour?: ReceiverBehaviour): Promise<Setup> {
  const receiver = await receive(behaviour);
  const destination = langfuseAt(receiver.url);
  const paths = await temporaryStore();
  return {
    receiver,
    destination,
    paths,
    deliver: async (requests, options) =>
      only(await deliver(requests, [destination], { paths, clock: fakeClock(), ...options })),
    push: async () => only((await pushOutbox([destination], { paths, clock: fakeClock() })).reports),
  };
}

function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new Error(`${items.length} items instead of one`);
  return item;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

function waiting({ paths, destination }: Setup): Promise<readonly string[]> {
  return listRequests(join(paths.outbox, destination.id)).then((entries) => entries.map(({ name }) => name));
}

function idsOf(receiver: Receiver): readonly string[] {
  return receiver
    .spans()
    .map((span) => span.spanId)
    .sort();
}

const NOTHING = { spans: 0, requests: 0, unsavedSpans: 0 };

test("thousands of spans all arrive, each once, and nothing stays behind", async () => {
  const s = await setup();
  const requests = otlpRequests(6_000, 300, { padding: 100 });
  const report = await s.deliver(requests);
  expect(report).toMatchObject({ acknowledged: 6_000, pending: NOTHING, rejected: 0, problems: [] });
  expect(idsOf(s.receiver)).toEqual(requests.flatMap(({ spanIds }) => spanIds));
  expect(s.receiver.violations).toEqual([]);
  expect(await waiting(s)).toEqual([]);
  expect((await readReceipts(s.paths, s.destination.id, traceId(1))).spanIds.size).toBe(6_000);
  expect(isDelivered([report])).toBe(true);
});

test("what could not be sent waits once, however often and in whatever size it is delivered", async () => {
  const s = await setup();
  s.receiver.behave({ always: { kind: "status", status: 404 } });
  // The second one is so large that it is not kept in memory.
  const requests = [otlpRequest(2), otlpRequest(2, { trace: 2, padding: 9_000_000 })];
  await s.deliver(requests);
  const names = await waiting(s);
  const digests = requests.map(({ body }) => createHash("sha256").update(body).digest("hex").slice(0, 12));
  expect(names.map((name) => name.split("-")[2])).toEqual(digests);
  expect(await s.deliver(requests)).toMatchObject({ pending: { spans: 4, requests: 2 } });
  expect(await waiting(s)).toEqual(names);
});

describe("what was acknowledged", () => {
  test("is not sent again", async () => {
    const s = await setup();
    await s.deliver([otlpRequest(3)]);
    expect(await s.deliver([otlpRequest(3)])).toMatchObject({ acknowledged: 0, alreadyAcknowledged: 3 });
    expect(await s.deliver([otlpRequest(5)])).toMatchObject({ acknowledged: 2, alreadyAcknowledged: 3 });
    expect(idsOf(s.receiver)).toEqual([1, 2, 3, 4, 5].map(spanId));
  });

  test("is sent again by force, also when the forced run fails and a push comes after", async () => {
    const s = await setup();
    await s.deliver([otlpRequest(3)]);
    s.receiver.behave({ always: { kind: "status", status: 503 } });
    expect(await s.deliver([otlpRequest(3)], { force: true })).toMatchObject({ pending: { spans: 3 } });
    s.receiver.behave({});
    expect(await s.push()).toMatchObject({ acknowledged: 3 });
    expect(s.receiver.spans()).toHaveLength(6);
  });

  test("counts within a run, too: the same span in two requests goes once", async () => {
    const s = await setup({ delayMs: 5 });
    const report = await s.deliver([otlpRequest(3), otlpRequest(3), otlpRequest(2, { first: 3 })]);
    expect(report).toMatchObject({ acknowledged: 4, alreadyAcknowledged: 4, pending: NOTHING });
    expect(idsOf(s.receiver)).toEqual([1, 2, 3, 4].map(spanId));
  });

  test("is lost with damaged receipts: sent again, and reported", async () => {
    const s = await setup();
    await s.deliver([otlpRequest(3)]);
    await writeFile(join(s.paths.sent, s.destination.id, `${traceId(1)}.jsonl`), "\u0000\u0000\u0000");
    const report = await s.deliver([otlpRequest(3)]);
    expect(report).toMatchObject({ acknowledged: 3, problems: [expect.stringContaining("damaged line")] });
  });
});

describe("a destination in trouble", () => {
  test("gets the same bytes again, later", async () => {
    const s = await setup({
      script: [
        { kind: "status", status: 503 },
        { kind: "reset" },
        { kind: "status", status: 429, headers: { "retry-after": "3" } },
      ],
    });
    const clock = fakeClock();
    expect(await s.deliver([otlpRequest(3)], { clock })).toMatchObject({
      acknowledged: 3,
      pending: NOTHING,
      lastError: undefined,
    });
    expect(clock.slept).toEqual([500, 1000, 3000]);
    expect(new Set(s.receiver.requests.map(({ body }) => body)).size).toBe(1);
  });

  test("keeps everything in the outbox when time is up, and the next push delivers it", async () => {
    const s = await setup({ always: { kind: "status", status: 503, body: '{"message":"Too busy"}' } });
    const requests = otlpRequests(50, 10);
    const report = await s.deliver(requests);
    expect(report).toMatchObject({
      acknowledged: 0,
      pending: { spans: 50, requests: 5, unsavedSpans: 0 },
      rejected: 0,
      lastError: expect.stringContaining("Too busy"),
    });
    expect(isDelivered([report])).toBe(false);
    expect(only(await outboxStatus(s.paths))).toMatchObject({
      destination: { id: s.destination.id, label: s.destination.label, url: s.destination.url },
      requests: 5,
      spans: 50,
      bytes: requests.reduce((sum, { body }) => sum + body.byteLength, 0),
      sinceMs: 1_700_000_000_000,
      lastError: { message: expect.stringContaining("Too busy"), atMs: expect.any(Number) },
    });

    s.receiver.behave({});
    expect(await s.push()).toMatchObject({ acknowledged: 50, pending: NOTHING });
    expect(idsOf(s.receiver)).toEqual(requests.flatMap(({ spanIds }) => spanIds));
    expect(only(await outboxStatus(s.paths))).toMatchObject({ requests: 0, spans: 0, lastError: undefined });
  });

  test("that asks to wait beyond the budget is not waited for", async () => {
    const s = await setup({ always: { kind: "status", status: 429, headers: { "retry-after": "60" } } });
    const clock = fakeClock();
    expect(await s.deliver(otlpRequests(50, 10), { clock })).toMatchObject({ pending: { spans: 50 } });
    expect(clock.slept).toEqual([]);
  });

  test("with one request only does not keep the others waiting", async () => {
    const s = await setup();
    const requests = otlpRequests(50, 10);
    const send = async (_: Destination, body: Uint8Array): Promise<SendResult> =>
      body === requests[0]?.body
        ? { kind: "unavailable", retryAfterMs: undefined, message: "answered 500" }
        : { kind: "acknowledged" };
    // As long as the others need: on a clock that stands for nothing each wait is over at once.
    const controller = new AbortController();
    const onProgress = (progress: DeliveryProgress): void => {
      if (progress.kind === "sending" && progress.done === 40) controller.abort();
    };
    const options = { send, onProgress, signal: controller.signal, timeoutMs: Number.MAX_SAFE_INTEGER };
    expect(await s.deliver(requests, options)).toMatchObject({
      acknowledged: 40,
      pending: { spans: 10, requests: 1 },
    });
  });

  test.each([
    ["does not know the keys", { kind: "status", status: 401 } as const, "401"],
    ["forbids it", { kind: "status", status: 403 } as const, "403"],
    ["is not there", { kind: "status", status: 404 } as const, "404"],
    ["redirects", { kind: "redirect", location: "https://login.test/" } as const, "https://login.test/"],
  ])("that %s is asked no further, and everything is kept", async (_, always, said) => {
    const s = await setup({ always });
    const report = await s.deliver(otlpRequests(50, 10), { concurrency: 1 });
    expect(report).toMatchObject({ pending: { spans: 50, requests: 5 }, rejected: 0 });
    expect(report.lastError).toContain(said);
    expect(s.receiver.requests).toHaveLength(1);
    s.receiver.behave({});
    expect(await s.push()).toMatchObject({ acknowledged: 50 });
  });

  test("that never answers gives its time back", async () => {
    const s = await setup({ always: { kind: "hang" } });
    expect(await s.deliver([otlpRequest(3)], { timeoutMs: 20 })).toMatchObject({
      pending: { spans: 3 },
      lastError: expect.stringContaining("no answer"),
    });
  });

  test("does not hold back another one", async () => {
    const s = await setup();
    const down = await receive();
    await down.close();
    const other = otlpAt(down.url);
    const [up, failed] = await deliver(otlpRequests(50, 10), [s.destination, other], {
      paths: s.paths,
      clock: fakeClockAfter(() => s.receiver.spans().length === 50),
    });
    expect(up).toMatchObject({ acknowledged: 50, pending: NOTHING });
    expect(failed).toMatchObject({
      acknowledged: 0,
      pending: { spans: 50, requests: 5 },
      lastError: expect.stringContaining("connection refused"),
    });

    const back = await startReceiver({ dialect: "otlp" }, down.port);
    onTestFinished(() => back.close());
    const { reports } = await pushOutbox([s.destination, other], { paths: s.paths, clock: fakeClock() });
    expect(reports.map((report) => report.acknowledged)).toEqual([0, 50]);
    expect(back.spans()).toHaveLength(50);
    expect(s.receiver.spans()).toHaveLength(50);
  });

  test("and the user who interrupts: everything is kept", async () => {
    const s = await setup({ always: { kind: "hang" } });
    const controller = new AbortController();
    const result = s.deliver(otlpRequests(50, 10), { signal: controller.signal });
    await s.receiver.arrived(1);
    controller.abort();
    expect(await result).toMatchObject({ pending: { spans: 50, requests: 5, unsavedSpans: 0 } });
    expect(await waiting(s)).toHaveLength(5);
  });
});

describe("requests that are refused", () => {
  test("are halved until the malformed spans are alone; the rest arrives", async () => {
    const bad = [7, 8, 100].map(spanId);
    const s = await setup({ refuseSpanIds: bad });
    const report = await s.deliver(otlpRequests(150, 50));
    expect(report).toMatchObject({ acknowledged: 147, rejected: 3, pending: NOTHING });
    expect(report.lastError).toContain("Invalid OTLP trace export");
    expect(new Set(idsOf(s.receiver)).size).toBe(147);
    expect(idsOf(s.receiver)).toHaveLength(147);
    expect(await waiting(s)).toEqual([]);

    const folder = join(s.paths.rejected, s.destination.id);
    const reasons = (await filesIn(folder)).filter((name) => name.endsWith(".reason.json"));
    expect(reasons).toHaveLength(3);
    const kept = await Promise.all(
      reasons.map(async (name) => JSON.parse(await readFile(join(folder, name.replace(".reason", "")), "utf8"))),
    );
    expect(kept.map(({ resourceSpans }) => resourceSpans[0].scopeSpans[0].spans[0].spanId).sort()).toEqual(bad);
    expect(JSON.parse(await readFile(join(folder, reasons[0] ?? ""), "utf8"))).toMatchObject({
      reason: expect.stringContaining("400"),
      destination: { label: s.destination.label },
    });
    expect(only(await outboxStatus(s.paths))).toMatchObject({ requests: 0, rejectedRequests: 3 });
  });

  test("one malformed span alone is set aside", async () => {
    const s = await setup({ refuseSpanIds: [spanId(1)] });
    expect(await s.deliver([otlpRequest(1)])).toMatchObject({ rejected: 1, pending: NOTHING });
    expect(await waiting(s)).toEqual([]);
  });

  test("because they are too large are halved; a span too large by itself is set aside", async () => {
    const s = await setup({ maxBytes: 5000 });
    const large = otlpRequest(1, { first: 900, padding: 6000 });
    const report = await s.deliver([otlpRequest(40, { padding: 300 }), large]);
    expect(report).toMatchObject({ acknowledged: 40, rejected: 1, pending: NOTHING });
    expect(idsOf(s.receiver)).toEqual(otlpRequest(40).spanIds);
  });

  test("all of them are not set aside: the destination is at fault, and nothing is lost", async () => {
    const s = await setup({
      always: { kind: "status", status: 400, body: '{"error":"Unsupported version"}' },
    });
    const report = await s.deliver(otlpRequests(400, 20));
    expect(report).toMatchObject({
      rejected: 0,
      pending: { spans: 400, requests: 20 },
      lastError: expect.stringContaining("Unsupported version"),
    });
    expect(s.receiver.requests.length).toBeLessThan(100);
    s.receiver.behave({});
    expect(await s.push()).toMatchObject({ acknowledged: 400, pending: NOTHING });
  });

  test("a request full of malformed spans does not hold back the others", async () => {
    const bad = otlpRequest(20);
    const s = await setup({ refuseSpanIds: bad.spanIds });
    const report = await s.deliver([bad, ...otlpRequests(100, 20, { first: 100 })], { concurrency: 1 });
    expect(report).toMatchObject({ acknowledged: 100, rejected: 20, pending: NOTHING });
  });

  test("what is left of a halved request is stored by itself, and the next push sends just that", async () => {
    const s = await setup();
    const answers: SendResult[] = [
      { kind: "rejected", status: 413, message: "answered 413" },
      { kind: "acknowledged" },
      { kind: "unauthorised", status: 401, message: "answered 401" },
    ];
    const send = async () => answers.shift() ?? { kind: "acknowledged" as const };
    expect(await s.deliver([otlpRequest(8)], { send })).toMatchObject({
      acknowledged: 4,
      pending: { spans: 4, requests: 1, unsavedSpans: 0 },
    });
    expect(only(await outboxStatus(s.paths))).toMatchObject({ requests: 1, spans: 4 });
    expect(await s.push()).toMatchObject({ acknowledged: 4, alreadyAcknowledged: 0, pending: NOTHING });
    expect(idsOf(s.receiver)).toEqual([5, 6, 7, 8].map(spanId));
  });
});

describe("partial success", () => {
  test("is never sent again; the numbers say what was dropped, and a copy is kept", async () => {
    const s = await setup({ always: { kind: "partial", rejectedSpans: 2, errorMessage: "too old" } });
    const report = await s.deliver([otlpRequest(5)]);
    expect(report).toMatchObject({ acknowledged: 3, rejected: 2, pending: NOTHING });
    expect(report.lastError).toContain("too old");
    expect(await s.push()).toMatchObject({ acknowledged: 0, pending: NOTHING });
    expect(s.receiver.requests).toHaveLength(1);
    expect(await filesIn(join(s.paths.rejected, s.destination.id))).toHaveLength(2);
  });

  test("of nothing is a rejection", async () => {
    const s = await setup({ always: { kind: "partial", rejectedSpans: "5", errorMessage: "no" } });
    expect(await s.deliver([otlpRequest(5)])).toMatchObject({ acknowledged: 0, rejected: 5 });
    expect((await readReceipts(s.paths, s.destination.id, traceId(1))).spanIds.size).toBe(0);
  });
});

describe("the disk", () => {
  test("cannot be written: that is reported, and the spans are sent from memory", async () => {
    const s = await setup();
    const blocked = storePathsAt(join(s.paths.root, "..", "file", "looptrace"));
    await writeFile(join(s.paths.root, "..", "file"), "in the way");
    const requests = [...otlpRequests(50, 10), otlpRequest(5)];
    const report = await s.deliver(requests, { paths: blocked });
    expect(report).toMatchObject({ acknowledged: 50, alreadyAcknowledged: 5, pending: NOTHING });
    expect(report.problems.join("\n")).toContain("the outbox");
    expect(s.receiver.spans()).toHaveLength(50);

    s.receiver.behave({ always: { kind: "status", status: 503 } });
    expect(await s.deliver(otlpRequests(50, 10, { first: 100 }), { paths: blocked })).toMatchObject({
      pending: { spans: 50, unsavedSpans: 50 },
    });
  });

  test("holds nothing that others may read, and no secret", async () => {
    const s = await setup({ refuseSpanIds: [spanId(3)] });
    await s.deliver([otlpRequest(5)]);
    s.receiver.behave({
      always: { kind: "status", status: 401, body: `{"message":"wrong key ${SECRET_KEY}"}` },
    });
    const report = await s.deliver([otlpRequest(5, { trace: 2 })]);
    expect(report.lastError).toContain("wrong key ***");
    const all = await walk(s.paths.root);
    expect(all.filter(({ isFolder }) => isFolder).every(({ mode }) => mode === 0o700)).toBe(true);
    const files = all.filter(({ isFolder }) => !isFolder);
    expect(files.every(({ mode }) => mode === 0o600)).toBe(true);
    expect(files.map(({ path }) => path.replace(s.paths.root, "").split("/")[1])).toEqual(
      expect.arrayContaining(["outbox", "sent", "rejected"]),
    );
    for (const { path } of files) {
      const text = await readFile(path, "utf8");
      expect(text).not.toContain(SECRET_KEY);
      expect(text).not.toContain(s.destination.headers.authorization?.replace("Basic ", ""));
    }
  });
});

describe("the outbox", () => {
  test("is left alone where its destination is not configured, and that is reported", async () => {
    const s = await setup({ always: { kind: "status", status: 503 } });
    await s.deliver([otlpRequest(3)]);
    const other = langfuseAt(s.receiver.url, "pk-lf-other");
    const { reports, unconfigured } = await pushOutbox([other], { paths: s.paths, clock: fakeClock() });
    expect(reports).toMatchObject([{ acknowledged: 0, pending: NOTHING }]);
    expect(unconfigured).toMatchObject([{ destination: { label: s.destination.label }, spans: 3 }]);
    expect(await waiting(s)).toHaveLength(1);
  });

  test("with a damaged file delivers the others, and sets it aside", async () => {
    const s = await setup({ always: { kind: "status", status: 503 } });
    await s.deliver(otlpRequests(20, 10));
    const [first] = await waiting(s);
    await writeFile(join(s.paths.outbox, s.destination.id, first ?? ""), '{"resourceSpans":[');
    s.receiver.behave({});
    const report = await s.push();
    expect(report).toMatchObject({ acknowledged: 10, rejected: 10, pending: NOTHING });
    expect(report.problems).toEqual([expect.stringContaining("is not an OTLP/JSON request")]);
    expect(await waiting(s)).toEqual([]);
  });

  test("without its note is still delivered", async () => {
    const s = await setup({ always: { kind: "status", status: 503 } });
    await s.deliver([otlpRequest(3)]);
    await rm(join(s.paths.outbox, s.destination.id, "destination.json"));
    expect(only(await outboxStatus(s.paths))).toMatchObject({ destination: { label: s.destination.id } });
    s.receiver.behave({});
    expect(await s.push()).toMatchObject({ acknowledged: 3 });
  });

  test("pushed by several at once sends each span once", async () => {
    const s = await setup({ always: { kind: "status", status: 503 } });
    await s.deliver(otlpRequests(200, 10));
    s.receiver.behave({ delayMs: 2 });
    const reports = await Promise.all([s.push(), s.push(), s.push()]);
    expect(reports.reduce((sum, report) => sum + report.acknowledged, 0)).toBe(200);
    expect(idsOf(s.receiver)).toEqual(otlpRequest(200).spanIds);
  });

  test("holds requests that any collector reads", async () => {
    const s = await setup({ always: { kind: "status", status: 503 } });
    const request = otlpRequest(3);
    await s.deliver([request]);
    const [name] = await waiting(s);
    const text = await readFile(join(s.paths.outbox, s.destination.id, name ?? ""), "utf8");
    expect(text).toBe(new TextDecoder().decode(request.body));
  });

  test("that does not exist is empty", async () => {
    const s = await setup();
    expect(await outboxStatus(s.paths)).toEqual([]);
    expect(await s.push()).toMatchObject({ acknowledged: 0, pending: NOTHING, problems: [] });
  });
});

test("a clock that is set back while a destination is away makes a delivery no longer", async () => {
  const realNow = Date.now.bind(Date);
  let setBackMs = 0;
  const spy = vi.spyOn(Date, "now").mockImplementation(() => realNow() - setBackMs);
  onTestFinished(() => spy.mockRestore());
  const send = async (): Promise<SendResult> => {
    setBackMs += 3_600_000;
    return { kind: "unavailable", retryAfterMs: undefined, message: "it is away" };
  };
  const paths = await temporaryStore();
  const [report] = await deliver([otlpRequest(3)], [langfuseAt("http://127.0.0.1:1")], {
    paths,
    send,
    budgetMs: 1_500,
  });
  expect(report).toMatchObject({ pending: { spans: 3, unsavedSpans: 0 }, lastError: "it is away" });
});

test("a delivery waits for the same spans of another one for no longer than it has time", async () => {
  const paths = await temporaryStore();
  const destination = langfuseAt("http://127.0.0.1:1");
  let answer = (_: SendResult): void => undefined;
  let first: Promise<readonly DestinationReport[]> | undefined;
  const sent = new Promise<void>((begun) => {
    const send = (): Promise<SendResult> => {
      begun();
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    first = deliver([otlpRequest(3)], [destination], { paths, send, budgetMs: 3_600_000 });
  });
  await sent;
  const [second] = await deliver([otlpRequest(3)], [destination], {
    paths,
    clock: fakeClock(),
    send: async () => ({ kind: "acknowledged" }),
  });
  expect(second).toMatchObject({ acknowledged: 0, pending: { spans: 3, unsavedSpans: 0 } });
  answer({ kind: "acknowledged" });
  expect(await first).toMatchObject([{ acknowledged: 3 }]);
  expect((await pushOutbox([destination], { paths })).reports).toMatchObject([{ alreadyAcknowledged: 3 }]);
});
