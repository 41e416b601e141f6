import { dirname, join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { deliver } from "../../src/deliver/deliver.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { otlpRequest, otlpRequests, traceId } from "../support/otlp-requests.js";
import { temporaryStore } from "../support/temporary-store.js";

const disk = vi.hoisted(() => ({ synced: [] as string[], read: [] as WeakRef<Uint8Array>[] }));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return {
    ...real,
    open: async (...given: Parameters<typeof real.open>) => {
      const handle = await real.open(...given);
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
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

const destination = langfuseAt("http://127.0.0.1:1");
const away: SendResult = { kind: "misdirected", status: 404, message: "answered 404" };

beforeEach(() => {
  disk.synced.length = 0;
  disk.read.length = 0;
});

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
  expect(disk.synced.slice(request)).toEqual(expect.arrayContaining([paths.root, paths.sent]));
  disk.synced.length = 0;
  await pushOutbox([destination], {
    paths,
    clock: fakeClock(),
    send: async () => ({ kind: "acknowledged" }),
  });
  const receipts = disk.synced.indexOf(join(sent, `${traceId(1)}.jsonl`));
  expect(receipts).toBeGreaterThanOrEqual(0);
  expect(disk.synced.indexOf(sent, receipts)).toBeGreaterThan(receipts);
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

async function collectGarbage(): Promise<void> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  await new Promise((resolve) => setImmediate(resolve));
  if (typeof collect === "function") collect();
}
