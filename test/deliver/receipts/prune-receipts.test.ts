import { mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { deliver } from "../../../src/deliver/deliver.js";
import type { SendResult } from "../../../src/deliver/http/send-result.js";
import { pushOutbox } from "../../../src/deliver/push-outbox.js";
import { pruneReceipts, RECEIPTS_KEPT_MS } from "../../../src/deliver/receipts/prune-receipts.js";
import { claimToken } from "../../../src/files/claim-token.js";
import { lockFile } from "../../../src/files/file-lock.js";
import type { StorePaths } from "../../../src/files/store-paths.js";
import { langfuseAt } from "../../support/destinations.js";
import { fakeClock } from "../../support/fake-clock.js";
import { otlpRequest, traceId } from "../../support/otlp-requests.js";
import { temporaryStore } from "../../support/temporary-store.js";

const START = 1_700_000_000_000;
const DAY = 86_400_000;
const destination = langfuseAt("http://127.0.0.1:1");

/** Receipts of so many traces, as old as the start of the clock. */
async function receipts(paths: StorePaths, traces: number, id = destination.id): Promise<void> {
  const folder = join(paths.sent, id);
  await mkdir(folder, { recursive: true });
  for (let trace = 1; trace <= traces; trace += 1) {
    const path = join(folder, `${traceId(trace)}.jsonl`);
    await writeFile(path, `\n{"acknowledged":${JSON.stringify(otlpRequest(2).spanIds)}}\n`);
    await utimes(path, START / 1000, START / 1000);
  }
}

async function left(paths: StorePaths, id = destination.id): Promise<number> {
  return (await readdir(join(paths.sent, id))).length;
}

const acknowledge = async (): Promise<SendResult> => ({ kind: "acknowledged" });
const refuse = async (): Promise<SendResult> => ({
  kind: "misdirected",
  status: 404,
  message: "answered 404",
});

test("receipts go when nobody asked for them so long, of whatever destination", async () => {
  const paths = await temporaryStore();
  await receipts(paths, 3);
  await receipts(paths, 2, "f".repeat(16));
  expect(await pruneReceipts(paths, fakeClock(START + RECEIPTS_KEPT_MS - 1))).toBe(0);
  expect(await pruneReceipts(paths, fakeClock(START + RECEIPTS_KEPT_MS + DAY))).toBe(5);
  expect([await left(paths), await left(paths, "f".repeat(16))]).toEqual([0, 0]);
});

test("it is looked at once a day, also after the clock was set back", async () => {
  const paths = await temporaryStore();
  const late = START + RECEIPTS_KEPT_MS;
  await receipts(paths, 1);
  expect(await pruneReceipts(paths, fakeClock(late + 10 * DAY))).toBe(1);
  await receipts(paths, 1);
  expect(await pruneReceipts(paths, fakeClock(late + 11 * DAY - 1))).toBe(0);
  expect(await pruneReceipts(paths, fakeClock(late + 5 * DAY))).toBe(1);
  await receipts(paths, 1);
  await writeFile(join(paths.sent, "last-pruned.json"), "{");
  expect(await pruneReceipts(paths, fakeClock(late + 5 * DAY))).toBe(1);
});

test("a push and a delivery prune in passing; what they ask for themselves stays, and is not sent again", async () => {
  const paths = await temporaryStore();
  await receipts(paths, 2);
  const clock = fakeClock(START + RECEIPTS_KEPT_MS + DAY);
  const [report] = await deliver([otlpRequest(2)], [destination], { paths, clock, send: acknowledge });
  expect(report).toMatchObject({ acknowledged: 0, alreadyAcknowledged: 2 });
  expect(await readdir(join(paths.sent, destination.id))).toEqual([`${traceId(1)}.jsonl`]);

  const later = fakeClock(START + 2 * RECEIPTS_KEPT_MS + DAY - 1);
  await pushOutbox([], { paths, clock: later });
  expect(await left(paths)).toBe(1);
  await pushOutbox([], { paths, clock: fakeClock(START + 2 * RECEIPTS_KEPT_MS + 3 * DAY) });
  expect(await left(paths)).toBe(0);
});

test("receipts of a destination that something waits for stay", async () => {
  const paths = await temporaryStore();
  await receipts(paths, 2);
  const old = fakeClock(START);
  await deliver([otlpRequest(2, { trace: 3 })], [destination], { paths, clock: old, send: refuse });
  const clock = fakeClock(START + RECEIPTS_KEPT_MS + 2 * DAY);
  await pushOutbox([], { paths, clock });
  expect(await left(paths)).toBe(2);
});

test("locks of dead processes go, also where something waits; those of living ones stay", async () => {
  const paths = await temporaryStore();
  await receipts(paths, 1);
  const clock = fakeClock(START);
  await deliver([otlpRequest(2, { trace: 3 })], [destination], { paths, clock, send: refuse });
  await rm(join(paths.sent, "last-pruned.json"), { force: true });
  const folder = join(paths.sent, destination.id);
  const lock = await lockFile(join(folder, `${traceId(1)}.jsonl`));
  const [pid, , ...machine] = claimToken().split("-");
  await mkdir(join(folder, `.${traceId(2)}.jsonl.lock`));
  await writeFile(join(folder, `.${traceId(2)}.jsonl.lock`, [pid, "1", ...machine].join("-")), "");
  expect(await pruneReceipts(paths, clock)).toBe(0);
  expect(await readdir(folder)).toEqual([`.${traceId(1)}.jsonl.lock`, `${traceId(1)}.jsonl`]);
  await lock?.release();
});

test("a store without receipts is left as it is", async () => {
  const paths = await temporaryStore();
  expect(await pruneReceipts(paths, fakeClock())).toBe(0);
  await expect(readdir(paths.root)).rejects.toThrow("ENOENT");
});
