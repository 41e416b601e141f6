import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { deliver } from "../../src/deliver/deliver.js";
import { type DeliveryOptions, deliveryContext } from "../../src/deliver/delivery-context.js";
import type { DeliveryProgress } from "../../src/deliver/delivery-progress.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { createLease, type DestinationLease } from "../../src/deliver/lease.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { receiptPath } from "../../src/deliver/receipts/receipts.js";
import { lockFile } from "../../src/files/file-lock.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { programCommand } from "../support/cli.js";
import type { Program } from "../support/compile-sources.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { otlpRequest, otlpRequests, traceId } from "../support/otlp-requests.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** A process of a program, which has said its first word. */
async function begun(source: Program, args: readonly string[]): Promise<Child> {
  const [node, program] = programCommand(source);
  const child = spawn(node, [program, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "readable");
  return child;
}

const destination = langfuseAt("http://127.0.0.1:1");
const acknowledge = async (): Promise<SendResult> => ({ kind: "acknowledged" });

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** What is locked in a lease. */
function leasePath(paths: StorePaths): string {
  return join(paths.sent, destination.id, "deliverer");
}

/** What lies beside the receipts. */
async function beside(paths: StorePaths, id = destination.id): Promise<readonly string[]> {
  return (await readdir(join(paths.sent, id))).filter((name) => !name.endsWith(".jsonl"));
}

test("processes that deliver the same trace at the same moment send each span once", async () => {
  const receiver = await startReceiver({ delayMs: 300 });
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const args = [paths.root, receiver.url, "1", "40", "5"];
  const children = await Promise.all([1, 2, 3].map(() => begun("test/deliver/deliver-when-told.ts", args)));
  for (const child of children) child.stdin.write("now\n");
  const said = await Promise.all(children.map(({ stdout }) => text(stdout)));
  const reports = said.flatMap((one) => JSON.parse(one.replace("ready\n", "")));
  const arrived = receiver.spans().map((span) => span.spanId);
  expect(arrived.toSorted()).toEqual(otlpRequest(40).spanIds);
  for (const report of reports) expect(report).toMatchObject({ pending: { spans: 0 }, rejected: 0, problems: [] });
  const counts = reports.map(({ acknowledged, alreadyAcknowledged }) => acknowledged + alreadyAcknowledged);
  expect(counts).toEqual([40, 40, 40]);
  expect(sumOf(reports.map(({ acknowledged }) => acknowledged))).toBe(40);
  expect(await beside(paths, langfuseAt(receiver.url).id)).toEqual([]);
});

test("so do deliveries of one process, also of spans that they have in part in common", async () => {
  const receiver = await startReceiver({ delayMs: 20 });
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const reports = await Promise.all(
    [1, 4, 7].map((first) =>
      deliver([otlpRequest(6, { first })], [langfuseAt(receiver.url)], { paths, budgetMs: 100_000 }),
    ),
  );
  const arrived = receiver.spans().map((span) => span.spanId);
  expect(arrived.toSorted()).toEqual(otlpRequest(12).spanIds);
  expect(reports.flat().map(({ pending }) => pending.spans)).toEqual([0, 0, 0]);
});

describe("another process that has the lease", () => {
  test("and never lets go is waited for once, for half of the time; then the spans go out nevertheless", async () => {
    const paths = await temporaryStore();
    const other = await begun("test/files/hold-lock.ts", [leasePath(paths)]);
    for (const [budgetMs, waited] of [
      [10_000, 5_000],
      [100_000, 15_000],
    ] as const) {
      const clock = fakeClock();
      const [report] = await deliver(otlpRequests(20, 5), [destination], {
        paths,
        clock,
        budgetMs,
        send: acknowledge,
        concurrency: 1,
        force: true,
      });
      expect(report).toMatchObject({ acknowledged: 20, lastError: undefined, problems: [] });
      expect(sumOf(clock.slept)).toBe(waited);
    }
    expect(await beside(paths)).toHaveLength(1);
    other.kill();
  });

  test("and was killed is not waited for, and its lock is gone afterwards", async () => {
    const paths = await temporaryStore();
    const other = await begun("test/files/hold-lock.ts", [leasePath(paths)]);
    other.kill("SIGKILL");
    await once(other, "exit");
    expect(await beside(paths)).toHaveLength(1);
    const clock = fakeClock();
    const [report] = await deliver([otlpRequest(3)], [destination], { paths, clock, send: acknowledge });
    expect(report).toMatchObject({ acknowledged: 3, problems: [] });
    expect(clock.slept).toEqual([]);
    expect(await beside(paths)).toEqual([]);
  });

  test("holds up neither other destinations, nor what is only stored", async () => {
    const paths = await temporaryStore();
    const lock = await lockOf(leasePath(paths));
    const clock = fakeClock();
    const options = { paths, clock, send: acknowledge };
    const other = langfuseAt("http://127.0.0.1:2");
    expect(await deliver([otlpRequest(3)], [other], options)).toMatchObject([{ acknowledged: 3 }]);
    const storeOnly = new Set([destination.id]);
    expect(await deliver([otlpRequest(3)], [destination], { ...options, storeOnly })).toMatchObject([
      { acknowledged: 0, pending: { spans: 3, unsavedSpans: 0 } },
    ]);
    expect(clock.slept).toEqual([]);
    await lock?.release();
    expect((await pushOutbox([destination], options)).reports).toMatchObject([{ acknowledged: 3 }]);
    expect(await beside(paths)).toEqual([]);
  });

  // Versions before lock each trace, and not the destination.
  test.each([
    ["the lease", leasePath],
    ["a trace's lock, of a version before,", (paths: StorePaths) => receiptPath(paths, destination.id, traceId(1))],
  ])("%s is waited for, and that is told", async (_, path) => {
    const paths = await temporaryStore();
    const lock = await lockOf(path(paths));
    const clock = fakeClock();
    const happened: string[] = [];
    const waiting = {
      ...clock,
      sleep: async (ms: number, signal: AbortSignal | undefined) => {
        await clock.sleep(ms, signal);
        if (clock.slept.length === 3) await lock?.release();
      },
    };
    const onProgress = ({ kind }: DeliveryProgress) => void happened.push(kind);
    const options = { paths, clock: waiting, send: acknowledge, onProgress, concurrency: 1 };
    const [report] = await deliver(otlpRequests(10, 5), [destination], options);
    expect(report).toMatchObject({ acknowledged: 10 });
    expect(happened).toEqual(["queued", "sending", "sending"]);
    expect(clock.slept).toHaveLength(3);
    expect(await beside(paths)).toEqual([]);
  });

  test("does not wait while this one gives a destination in trouble a pause", async () => {
    const paths = await temporaryStore();
    const clock = fakeClock();
    const locksInPauses: number[] = [];
    const watched = {
      ...clock,
      sleep: async (ms: number, signal: AbortSignal | undefined) => {
        locksInPauses.push((await beside(paths)).length);
        await clock.sleep(ms, signal);
      },
    };
    const away: SendResult = { kind: "unavailable", retryAfterMs: undefined, message: "it is away" };
    let requests = 0;
    const send = async (): Promise<SendResult> => {
      requests += 1;
      return requests < 3 ? away : { kind: "acknowledged" };
    };
    const [report] = await deliver([otlpRequest(3)], [destination], { paths, clock: watched, send });
    expect(report).toMatchObject({ acknowledged: 3 });
    expect(locksInPauses).toEqual([0, 0]);
  });

  test("is not waited for any longer by one that is interrupted; its spans stay for the next", async () => {
    const paths = await temporaryStore();
    const lock = await lockOf(leasePath(paths));
    const ending = new AbortController();
    const clock = fakeClock();
    const interrupted = {
      ...clock,
      sleep: async (ms: number, signal: AbortSignal | undefined) => {
        await clock.sleep(ms, signal);
        if (clock.slept.length === 3) ending.abort();
      },
    };
    const options = { paths, clock: interrupted, send: acknowledge, signal: ending.signal };
    expect(await deliver([otlpRequest(3)], [destination], options)).toMatchObject([
      { acknowledged: 0, pending: { spans: 3 }, lastError: "interrupted" },
    ]);
    expect(clock.slept).toHaveLength(3);
    await lock?.release();
    const { reports } = await pushOutbox([destination], { paths, clock: fakeClock(), send: acknowledge });
    expect(reports).toMatchObject([{ acknowledged: 3 }]);
  });

  async function lockOf(path: string): ReturnType<typeof lockFile> {
    await mkdir(dirname(path), { recursive: true });
    return lockFile(path);
  }
});

test("where no lock can be written the spans are sent, and the receipts alone are a problem", async () => {
  const paths = await temporaryStore();
  await mkdir(paths.root, { recursive: true });
  await writeFile(paths.sent, "in the way");
  const clock = fakeClock();
  const [report] = await deliver(otlpRequests(6, 3), [destination], { paths, clock, send: acknowledge });
  expect(report).toMatchObject({ acknowledged: 6, lastError: undefined, pending: { spans: 0 } });
  // That they cannot be read is told too, once for each trace.
  const texts = report?.problems ?? [];
  expect(texts.filter((text) => text.startsWith("receipts cannot be written"))).toHaveLength(1);
  expect(texts.filter((text) => !text.includes("receipts"))).toEqual([]);
  expect(clock.slept).toEqual([]);
});

test("requests of one delivery do not wait for each other", async () => {
  const paths = await temporaryStore();
  let inside = 0;
  let allAreThere = (): void => undefined;
  const four = new Promise<void>((resolve) => {
    allAreThere = resolve;
  });
  const send = async (): Promise<SendResult> => {
    inside += 1;
    if (inside === 4) allAreThere();
    await four;
    return { kind: "acknowledged" };
  };
  const clock = fakeClock();
  const [report] = await deliver(otlpRequests(80, 2), [destination], { paths, clock, send, concurrency: 4 });
  expect(report).toMatchObject({ acknowledged: 80 });
  expect(clock.slept).toEqual([]);
  expect(await beside(paths)).toEqual([]);
});

test("a request that begins while the one before ends its lease need not wait", async () => {
  const paths = await temporaryStore();
  const clock = fakeClock();
  const lease = leaseOf({ paths, clock });
  let leave = await lease.enter([traceId(1)], ["a"]);
  for (let round = 0; round < 10; round += 1) {
    const leaving = leave();
    leave = await lease.enter([traceId(1)], ["a"]);
    await leaving;
    expect(await beside(paths)).toHaveLength(2);
  }
  await leave();
  expect(clock.slept).toEqual([]);
  expect(await beside(paths)).toEqual([]);
});

test("a knock that is heard while a lease ends holds nothing up", async () => {
  const paths = await temporaryStore();
  const clock = fakeClock();
  const lease = leaseOf({ paths, clock, budgetMs: 1_000_000 });
  const leave = await lease.enter([], ["a"]);
  await clock.sleep(2_000, undefined);
  await writeFile(join(dirname(leasePath(paths)), ".deliverer.knock"), "");
  const entering = lease.enter([], ["b"]);
  await leave();
  await (await entering)();
  expect(await beside(paths)).toEqual([]);
  const again = await lease.enter([], ["c"]);
  expect(await beside(paths)).toEqual([".deliverer.lock"]);
  await again();
});

test("deliveries of one process share a lease, but no span at the same time, in whatever order they want them", async () => {
  const paths = await temporaryStore();
  const inside = new Map<string, number>();
  let meetings = 0;
  const visit = async (lease: DestinationLease, spans: readonly string[]) => {
    for (let round = 0; round < 15; round += 1) {
      const leave = await lease.enter([traceId(1)], spans);
      for (const span of spans) {
        if ((inside.get(span) ?? 0) > 0) meetings += 1;
        inside.set(span, 1);
      }
      await pause(1);
      for (const span of spans) inside.set(span, 0);
      await leave();
    }
  };
  const orders = [["a", "b", "c"], ["c", "b", "a"], ["b"]];
  await Promise.all(orders.map((spans) => visit(leaseOf({ paths, budgetMs: 1_000_000 }), spans)));
  expect(meetings).toBe(0);
  expect(await beside(paths)).toEqual([]);
});

test("a process that sends for long gives way to one that has little to send", async () => {
  const receiver = await startReceiver({ delayMs: 60 });
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const long = await begun("test/deliver/deliver-when-told.ts", [paths.root, receiver.url, "1", "400", "2"]);
  const short = await begun("test/deliver/deliver-when-told.ts", [paths.root, receiver.url, "2", "4", "2"]);
  long.stdin.write("now\n");
  await receiver.arrived(1);
  short.stdin.write("now\n");
  const said = await Promise.all([long, short].map(({ stdout }) => text(stdout)));
  const reports = said.flatMap((one) => JSON.parse(one.replace("ready\n", "")));
  expect(reports).toMatchObject([{ acknowledged: 400 }, { acknowledged: 4 }]);
  const traces = receiver.spans().map((span) => span.traceId);
  expect(traces).toHaveLength(404);
  const first = traces.indexOf(traceId(2));
  expect(first).toBeGreaterThan(0);
  expect(traces.lastIndexOf(traceId(2))).toBeLessThan(390);
});

test("a process that waits takes over from one that is killed, and a push delivers what that one left", async () => {
  const receiver = await startReceiver({ delayMs: 200 });
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const killed = await begun("test/deliver/deliver-when-told.ts", [paths.root, receiver.url, "1", "40", "2"]);
  const waiting = await begun("test/deliver/deliver-when-told.ts", [paths.root, receiver.url, "2", "4", "2"]);
  killed.stdin.write("now\n");
  await receiver.arrived(1);
  waiting.stdin.write("now\n");
  const folder = join(paths.sent, langfuseAt(receiver.url).id);
  await until(async () => (await readdir(folder)).includes(".deliverer.knock"));
  const sent = receiver.requests.length;
  killed.kill("SIGKILL");
  const said = await text(waiting.stdout);
  expect(JSON.parse(said.replace("ready\n", ""))).toMatchObject([{ acknowledged: 4, problems: [] }]);
  // What was under way may still have arrived.
  expect(receiver.requests.length).toBeLessThan(sent + 4 + 2);
  const { reports } = await pushOutbox([langfuseAt(receiver.url)], { paths, budgetMs: 100_000 });
  expect(reports).toMatchObject([{ pending: { spans: 0 }, rejected: 0 }]);
  const arrived = receiver.spans().map((span) => `${span.traceId}/${span.spanId}`);
  expect(new Set(arrived).size).toBe(44);
  // Only what was under way when it died can come twice: four requests of two spans.
  expect(arrived.length).toBeLessThanOrEqual(44 + 4 * 2);
  expect(await beside(paths, langfuseAt(receiver.url).id)).toEqual([]);
});

/** Waits for what another process does to the disk. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(5);
}

function leaseOf(options: DeliveryOptions): DestinationLease {
  return createLease(deliveryContext(destination, options), () => undefined);
}
