import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { deliver } from "../../../src/deliver/deliver.js";
import { createRunContext, type DeliveryOptions } from "../../../src/deliver/delivery-options.js";
import type { DeliveryProgress } from "../../../src/deliver/delivery-progress.js";
import type { SendResult } from "../../../src/deliver/http/send-result.js";
import { pushOutbox } from "../../../src/deliver/push-outbox.js";
import { receiptPath } from "../../../src/deliver/receipts/receipts.js";
import { createTraceLocks } from "../../../src/deliver/receipts/trace-locks.js";
import { lockFile } from "../../../src/files/file-lock.js";
import type { StorePaths } from "../../../src/files/store-paths.js";
import { langfuseAt } from "../../support/destinations.js";
import { fakeClock } from "../../support/fake-clock.js";
import { otlpRequest, otlpRequests, traceId } from "../../support/otlp-requests.js";
import { startReceiver } from "../../support/receiver.js";
import { temporaryStore } from "../../support/temporary-store.js";

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** A process of one of the scripts beside this file, which has said its first word. */
async function begun(script: string, args: readonly string[]): Promise<Child> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path, ...args], {
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

/** What lies beside the receipts. */
async function beside(paths: StorePaths, id = destination.id): Promise<readonly string[]> {
  return (await readdir(join(paths.sent, id))).filter((name) => !name.endsWith(".jsonl"));
}

test("processes that deliver the same trace at the same moment send each span once", async () => {
  const receiver = await startReceiver({ delayMs: 300 });
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const args = [paths.root, receiver.url, "1", "40", "5"];
  const children = await Promise.all([1, 2, 3].map(() => begun("deliver-when-told.ts", args)));
  for (const child of children) child.stdin.write("now\n");
  const said = await Promise.all(children.map(({ stdout }) => text(stdout)));
  const reports = said.flatMap((one) => JSON.parse(one.replace("ready\n", "")));
  const arrived = receiver.spans().map((span) => span.spanId);
  expect(arrived.toSorted()).toEqual(otlpRequest(40).spanIds);
  for (const report of reports)
    expect(report).toMatchObject({ pending: { spans: 0 }, rejected: 0, problems: [] });
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

describe("another process that has the trace", () => {
  test("and never lets go is waited for once, for half of the time; then the spans go out nevertheless", async () => {
    const paths = await temporaryStore();
    const other = await begun("../../files/hold-lock.ts", [receiptPath(paths, destination.id, traceId(1))]);
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
    const other = await begun("../../files/hold-lock.ts", [receiptPath(paths, destination.id, traceId(1))]);
    other.kill("SIGKILL");
    await once(other, "exit");
    expect(await beside(paths)).toHaveLength(1);
    const clock = fakeClock();
    const [report] = await deliver([otlpRequest(3)], [destination], { paths, clock, send: acknowledge });
    expect(report).toMatchObject({ acknowledged: 3, problems: [] });
    expect(clock.slept).toEqual([]);
    expect(await beside(paths)).toEqual([]);
  });

  test("holds up neither other traces, nor other destinations, nor what is only stored", async () => {
    const paths = await temporaryStore();
    const lock = await lockFileOf(paths, 1);
    const clock = fakeClock();
    const options = { paths, clock, send: acknowledge };
    const elsewhere = langfuseAt("http://127.0.0.1:2");
    expect(await deliver([otlpRequest(3, { trace: 2 })], [destination], options)).toMatchObject([
      { acknowledged: 3 },
    ]);
    expect(await deliver([otlpRequest(3)], [elsewhere], options)).toMatchObject([{ acknowledged: 3 }]);
    const hold = new Set([destination.id]);
    expect(await deliver([otlpRequest(3)], [destination], { ...options, hold })).toMatchObject([
      { acknowledged: 0, pending: { spans: 3, unsavedSpans: 0 } },
    ]);
    expect(clock.slept).toEqual([]);
    await lock?.release();
    expect((await pushOutbox([destination], options)).reports).toMatchObject([{ acknowledged: 3 }]);
    expect(await beside(paths)).toEqual([]);
  });

  test("is waited for when all that is free has gone out, and that is told", async () => {
    const paths = await temporaryStore();
    const lock = await lockFileOf(paths, 1);
    const clock = fakeClock();
    const told: string[] = [];
    const sent: string[] = [];
    const send = async (_: unknown, body: Uint8Array): Promise<SendResult> => {
      sent.push(Buffer.from(body).includes(traceId(2)) ? "free" : "held");
      return { kind: "acknowledged" };
    };
    const waiting = {
      ...clock,
      sleep: async (ms: number, signal: AbortSignal | undefined) => {
        sent.push("wait");
        await clock.sleep(ms, signal);
        await lock?.release();
      },
    };
    const requests = [...otlpRequests(50, 10), otlpRequest(3, { trace: 2 })];
    const onProgress = ({ kind }: DeliveryProgress) => void told.push(kind);
    const options = { paths, clock: waiting, send, onProgress, concurrency: 1 };
    const [report] = await deliver(requests, [destination], options);
    expect(report).toMatchObject({ acknowledged: 53 });
    expect(sent).toEqual(["free", "wait", ...Array.from({ length: 5 }, () => "held")]);
    expect(told.slice(0, 2)).toEqual(["sending", "queued"]);
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
    const lock = await lockFileOf(paths, 1);
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

  async function lockFileOf(paths: StorePaths, trace: number): ReturnType<typeof lockFile> {
    const path = receiptPath(paths, destination.id, traceId(trace));
    await mkdir(join(path, ".."), { recursive: true });
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

test("a request that begins while the one before gives its trace back need not wait", async () => {
  const paths = await temporaryStore();
  const clock = fakeClock();
  const locks = createTraceLocks(createRunContext(destination, { paths, clock }));
  let release = await locks.take([traceId(1)]);
  for (let round = 0; round < 10; round += 1) {
    const releasing = release();
    release = await locks.take([traceId(1)]);
    await releasing;
    expect(await beside(paths)).toHaveLength(1);
  }
  await release();
  expect(clock.slept).toEqual([]);
  expect(await beside(paths)).toEqual([]);
});

test("two that want several traces in different orders wait for each other, but not for ever", async () => {
  const paths = await temporaryStore();
  const given: DeliveryOptions = { paths, budgetMs: 1_000_000 };
  const inside = new Map<string, number>();
  let meetings = 0;
  const visit = async (locks: ReturnType<typeof createTraceLocks>, traces: readonly string[]) => {
    for (let round = 0; round < 15; round += 1) {
      const release = await locks.take(traces);
      for (const trace of traces) {
        if ((inside.get(trace) ?? 0) > 0) meetings += 1;
        inside.set(trace, 1);
      }
      await pause(1);
      for (const trace of traces) inside.set(trace, 0);
      await release();
    }
  };
  const orders = [[1, 2, 3], [3, 2, 1], [2]].map((order) => order.map(traceId));
  await Promise.all(
    orders.map((traces) => visit(createTraceLocks(createRunContext(destination, given)), traces)),
  );
  // One that had waited in vain would have gone on without.
  expect(meetings).toBe(0);
  expect(await beside(paths)).toEqual([]);
});
