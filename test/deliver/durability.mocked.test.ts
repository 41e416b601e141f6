import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { deliver, type RequestToDeliver } from "../../src/deliver/deliver.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { scoresRequests } from "../../src/deliver/queue/scores-body.js";
import { addReceipt, makeReceiptsLast, readReceipts, receiptPath } from "../../src/deliver/receipts/receipts.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { scores, scoresRequest } from "../support/other-requests.js";
import { otlpRequest, otlpRequests, traceId } from "../support/otlp-requests.js";
import { temporaryStore } from "../support/temporary-store.js";

const disk = vi.hoisted(() => ({
  synced: [] as string[],
  read: [] as WeakRef<Uint8Array>[],
  /** What a disk does before a file is synced. */
  beforeSync: async (_path: string): Promise<void> => {},
  /** And before one is opened at once to be written, as receipts are. */
  beforeOpen: (_path: string): void => {},
}));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return {
    ...real,
    open: async (...given: Parameters<typeof real.open>) => {
      const handle = await real.open(...given);
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        await disk.beforeSync(String(given[0]));
        disk.synced.push(String(given[0]));
        await sync();
      };
      return handle;
    },
    readFile: async (...given: Parameters<typeof real.readFile>) => {
      const content = await real.readFile(...given);
      if (typeof content !== "string") disk.read.push(new WeakRef(content));
      return content;
    },
  };
});

vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  return {
    ...real,
    openSync: (...given: Parameters<typeof real.openSync>) => {
      if (Number(given[1]) & real.constants.O_CREAT) disk.beforeOpen(String(given[0]));
      return real.openSync(...given);
    },
  };
});

const destination = langfuseAt("http://127.0.0.1:1");
const away: SendResult = { kind: "misdirected", status: 404, message: "answered 404" };

beforeEach(() => {
  disk.synced.length = 0;
  disk.read.length = 0;
  disk.beforeSync = async () => {};
  disk.beforeOpen = () => {};
});

/** The files of requests in the outbox. */
async function requestsIn(outbox: string): Promise<readonly string[]> {
  return (await readdir(outbox)).filter((name) => IS_REQUEST.test(name));
}

const IS_REQUEST = /-2\.json/;

test("what is written outlives a power failure: files, their names, and the folders that they are in", async () => {
  const paths = await temporaryStore();
  await deliver([otlpRequest(2)], [destination], { paths, clock: fakeClock(), send: async () => away });
  const outbox = join(paths.outbox, destination.id);
  for (const folder of [dirname(paths.root), paths.root, paths.outbox, outbox]) expect(disk.synced).toContain(folder);
  const request = disk.synced.findIndex((path) => /-2\.json/.test(path));
  expect(request).toBeGreaterThanOrEqual(0);
  expect(disk.synced.indexOf(outbox, request)).toBeGreaterThan(request);

  // The folder of the receipts is there from the first attempt on.
  const sent = join(paths.sent, destination.id);
  expect(disk.synced).toEqual(expect.arrayContaining([paths.root, paths.sent]));
  disk.synced.length = 0;
  await pushOutbox([destination], {
    paths,
    clock: fakeClock(),
    send: async () => ({ kind: "acknowledged" }),
  });
  // A file of receipts has its name from the start on: it and its folder are synced at once.
  expect(disk.synced).toEqual(expect.arrayContaining([join(sent, `${traceId(1)}.jsonl`), sent]));
});

test("all is on the disk before anything is sent, and made to last meanwhile", async () => {
  const paths = await temporaryStore();
  const outbox = join(paths.outbox, destination.id);
  let stored: readonly string[] = [];
  const send = async (): Promise<SendResult> => {
    if (stored.length === 0) stored = await requestsIn(outbox);
    return away;
  };
  const [report] = await deliver(otlpRequests(20, 2), [destination], { paths, clock: fakeClock(), send });
  expect(stored).toHaveLength(10);
  expect(report).toMatchObject({ pending: { spans: 20, unsavedSpans: 0 }, problems: [] });
  const synced = disk.synced.filter((path) => IS_REQUEST.test(path)).map((path) => basename(path));
  expect(synced.sort()).toEqual([...stored].sort());
  expect(disk.synced.lastIndexOf(outbox)).toBeGreaterThan(disk.synced.findLastIndex((path) => IS_REQUEST.test(path)));
});

test("what has arrived is not waited for to last", async () => {
  const paths = await temporaryStore();
  let sent = 0;
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  disk.beforeSync = async (path) => (IS_REQUEST.test(path) ? held : undefined);
  const send = async (): Promise<SendResult> => {
    sent += 1;
    if (sent === 10) letGo();
    return { kind: "acknowledged" };
  };
  const [report] = await deliver(otlpRequests(20, 2), [destination], { paths, clock: fakeClock(), send });
  expect(report).toMatchObject({ acknowledged: 20, pending: { spans: 0 }, problems: [] });
  // Two at once, and what was under way when those were let go.
  expect(disk.synced.filter((path) => IS_REQUEST.test(path)).length).toBeLessThan(6);
});

test("what a disk takes and cannot keep is sent from memory, and told where it is not sent", async () => {
  const paths = await temporaryStore();
  disk.beforeSync = async (path) => {
    if (IS_REQUEST.test(path)) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
  };
  const options = { paths, clock: fakeClock() };
  const [kept] = await deliver([otlpRequest(2)], [destination], { ...options, send: async () => away });
  expect(kept).toMatchObject({ pending: { spans: 2, unsavedSpans: 2 } });
  expect(kept?.problems).toEqual([expect.stringMatching(/^the outbox .* cannot be written/)]);
  expect(await requestsIn(join(paths.outbox, destination.id))).toEqual([]);
  const taken: SendResult = { kind: "acknowledged" };
  const [sent] = await deliver([otlpRequest(2)], [destination], { ...options, send: async () => taken });
  expect(sent).toMatchObject({ acknowledged: 2, pending: { spans: 0, unsavedSpans: 0 } });
});

test("what a disk cannot keep stays in memory, also where it was read back to be sent", async () => {
  const paths = await temporaryStore();
  const outbox = join(paths.outbox, destination.id);
  let begin = (): void => {};
  const sending = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let refusals = 0;
  disk.beforeSync = async (path) => {
    if (!IS_REQUEST.test(path) || refusals > 0) return;
    refusals += 1;
    await sending;
    throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
  };
  const send = async (): Promise<SendResult> => {
    begin();
    await expect.poll(() => requestsIn(outbox)).toEqual([]);
    return away;
  };
  // So large that it is let go of at once.
  const request = otlpRequest(2, { padding: 9_000_000 });
  const [report] = await deliver([request], [destination], { paths, clock: fakeClock(), send });
  expect(report).toMatchObject({ pending: { spans: 2, unsavedSpans: 0 } });
  const stored = (await requestsIn(outbox)).map((name) => digestOf(readFileSync(join(outbox, name))));
  expect(stored).toEqual([digestOf(request.body)]);
});

test("receipts are synced together: a file once, whatever was written to it, and its folder where it is new", async () => {
  const paths = await temporaryStore();
  const ids = Array.from({ length: 30 }, (_, index) => `id${index}`);
  const written = await Promise.all(ids.map((id) => addReceipt(paths, "d1", traceId(1), [id])));
  const path = receiptPath(paths, "d1", traceId(1));
  expect(disk.synced).not.toContain(path);
  disk.synced.length = 0;
  await makeReceiptsLast(written);
  expect(disk.synced.sort()).toEqual([dirname(path), path]);
  expect((await readReceipts(paths, "d1", traceId(1))).spanIds).toEqual(new Set(ids));
  disk.synced.length = 0;
  await makeReceiptsLast([await addReceipt(paths, "d1", traceId(1), ["later"])]);
  expect(disk.synced).toEqual([path]);
});

/** How many spans of the first trace have a receipt in its file. */
function receiptsIn(path: string): number {
  return existsSync(path) ? (readFileSync(path, "utf8").match(/"[0-9a-f]{16}"/g)?.length ?? 0) : 0;
}

test("a receipt is written before the next request goes out, and lasts before the delivery is told to be over", async () => {
  const paths = await temporaryStore();
  const path = receiptPath(paths, destination.id, traceId(1));
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let isSyncing = false;
  disk.beforeSync = async (one) => {
    if (one !== path) return;
    isSyncing = true;
    await held;
  };
  const unnoted: number[] = [];
  let allSent = (): void => {};
  const sentAll = new Promise<void>((resolve) => {
    allSent = resolve;
  });
  const send = async (): Promise<SendResult> => {
    unnoted.push(2 * unnoted.length - receiptsIn(path));
    if (unnoted.length === 10) allSent();
    return { kind: "acknowledged" };
  };
  let isOver = false;
  const delivery = deliver(otlpRequests(20, 2), [destination], { paths, clock: fakeClock(), send, concurrency: 2 });
  void delivery.then(() => {
    isOver = true;
  });
  await sentAll;
  // With the other worker's request under way, none but that one's spans has no receipt.
  expect(Math.max(...unnoted)).toBeLessThanOrEqual(2);
  await expect.poll(() => [receiptsIn(path), isSyncing]).toEqual([20, true]);
  expect(isOver).toBe(false);
  letGo();
  expect(await delivery).toMatchObject([{ acknowledged: 20, pending: { spans: 0 }, problems: [] }]);
  expect(disk.synced).toContain(path);
  expect(disk.synced).toContain(dirname(path));
});

test("what takes another's place is made to last before anything else is sent", async () => {
  const paths = await temporaryStore();
  const options = { paths, clock: fakeClock(), concurrency: 1 };
  const path = receiptPath(paths, destination.id, traceId(1));
  const taken = async (_: unknown, __: unknown, { kind }: { readonly kind?: string }): Promise<SendResult> =>
    kind === "scores" ? { kind: "itemised", taken: [0], refused: [], rest: undefined } : { kind: "acknowledged" };
  const revised = (revision: string) => scoresRequests(scores(1).map((score) => ({ ...score, revision })));
  await deliver(revised("a"), [destination], { ...options, send: taken });
  disk.synced.length = 0;
  let lasted: boolean | undefined;
  const send = async (...given: Parameters<typeof taken>): Promise<SendResult> => {
    lasted = disk.synced.includes(path);
    return taken(...given);
  };
  await deliver([...revised("b"), scoresRequest(1, { first: 2 })], [destination], { ...options, send });
  expect(lasted).toBe(true);
  expect([...(await readReceipts(paths, destination.id, traceId(1))).spanIds].sort()).toEqual([
    "score:score-1-1-b",
    "score:score-1-2",
  ]);
});

test.each([
  ["are full before a receipt is written", "open"],
  ["cannot keep a receipt", "sync"],
])("disks that %s: all is sent once, and it is told that it may come again", async (_, moment) => {
  const paths = await temporaryStore();
  const path = receiptPath(paths, destination.id, traceId(1));
  const refuse = (at: string, one: string): void => {
    if (at === moment && one === path) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
  };
  disk.beforeOpen = (one) => refuse("open", one);
  disk.beforeSync = async (one) => refuse("sync", one);
  const sent: string[] = [];
  const send = async (_destination: unknown, body: Uint8Array): Promise<SendResult> => {
    sent.push(digestOf(body));
    return { kind: "acknowledged" };
  };
  const [report] = await deliver(otlpRequests(20, 2), [destination], { paths, clock: fakeClock(), send });
  expect(report).toMatchObject({ acknowledged: 20, pending: { spans: 0 } });
  expect(report?.problems).toEqual([expect.stringMatching(/^receipts cannot be written below .*sent again$/)]);
  expect(new Set(sent).size).toBe(10);
  expect(sent).toHaveLength(10);
  expect(await requestsIn(join(paths.outbox, destination.id))).toEqual([]);
});

test("requests are made one after another, and few of a large session are in memory when they are sent", async () => {
  const paths = await temporaryStore();
  const outbox = join(paths.outbox, destination.id);
  const made: WeakRef<Uint8Array>[] = [];
  const wanted: string[] = [];
  let written = 0;
  function* requests(): Generator<RequestToDeliver> {
    for (let trace = 1; trace <= 16; trace += 1) {
      const request = otlpRequest(2, { trace, padding: 1_000_000 });
      made.push(new WeakRef(request.body));
      wanted.push(digestOf(request.body));
      yield request;
      written = readdirSync(outbox).length;
    }
  }
  let kept = 16;
  const sent: string[] = [];
  const send = async (_: unknown, body: Uint8Array): Promise<SendResult> => {
    sent.push(digestOf(body));
    if (sent.length === 1) {
      await collectGarbage();
      kept = made.filter((reference) => reference.deref() !== undefined).length;
    }
    return { kind: "acknowledged" };
  };
  const options = { paths, clock: fakeClock(), send, budgetMs: 3_600_000 };
  const [report] = await deliver(requests, [destination], options);
  expect(report).toMatchObject({ acknowledged: 32, pending: { spans: 0 }, problems: [] });
  expect(sent.sort()).toEqual(wanted.sort());
  // All but those that were being written when the last one was asked for.
  expect(written).toBeGreaterThan(10);
  // Of 2 MB each: 16 MB.
  expect(kept).toBeLessThan(11);
  expect(await requestsIn(outbox)).toEqual([]);
});

test("what waits is in the order in which it was made", async () => {
  const paths = await temporaryStore();
  const options = { paths, clock: fakeClock() };
  // The later ones are shorter, and done sooner.
  const requests = Array.from({ length: 8 }, (_, index) =>
    otlpRequest(2, { trace: index + 1, padding: 100_000 * (8 - index) }),
  );
  await deliver(requests, [destination], { ...options, send: async () => away });
  const sent: string[] = [];
  const send = async (_: unknown, body: Uint8Array): Promise<SendResult> => {
    sent.push(digestOf(body));
    return { kind: "acknowledged" };
  };
  await pushOutbox([destination], { ...options, send, concurrency: 1 });
  expect(sent).toEqual(requests.map(({ body }) => digestOf(body)));
});

test("a push holds no more requests in memory than are under way, whatever the outbox holds", async () => {
  const paths = await temporaryStore();
  const options = { paths, clock: fakeClock() };
  const requests = otlpRequests(60, 2, { padding: 10_000 });
  await deliver(requests, [destination], { ...options, send: async () => away, concurrency: 1 });
  // Each is refused once before it is taken, so that both what is done and what comes again counts.
  const seen = new Set<string>();
  let most = 0;
  const send = async (_: unknown, body: Uint8Array): Promise<SendResult> => {
    await collectGarbage();
    most = Math.max(most, disk.read.filter((reference) => reference.deref() !== undefined).length);
    const text = Buffer.from(body).toString("latin1");
    if (seen.has(text)) return { kind: "acknowledged" };
    seen.add(text);
    return { kind: "unavailable", retryAfterMs: undefined, message: "answered 503" };
  };
  const { reports } = await pushOutbox([destination], {
    ...options,
    budgetMs: 3_600_000,
    send,
    concurrency: 2,
  });
  expect(reports).toMatchObject([{ acknowledged: 60, pending: { spans: 0 } }]);
  expect(seen.size).toBe(30);
  expect(most).toBeLessThan(10);
});

function digestOf(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}

async function collectGarbage(): Promise<void> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  await new Promise((resolve) => setImmediate(resolve));
  if (typeof collect === "function") collect();
}
