import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { deliveryContext } from "../../src/deliver/delivery-context.js";
import { createLease, type DestinationLease } from "../../src/deliver/lease.js";
import { receiptPath } from "../../src/deliver/receipts/receipts.js";
import type { Clock } from "../../src/files/clock.js";
import { lockFile } from "../../src/files/file-lock.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { traceId } from "../support/otlp-requests.js";
import { temporaryStore } from "../support/temporary-store.js";

const destination = langfuseAt("http://127.0.0.1:1");

interface Place {
  readonly paths: StorePaths;
  readonly lease: string;
  readonly knock: string;
}

async function place(): Promise<Place> {
  const paths = await temporaryStore();
  const folder = join(paths.sent, destination.id);
  await mkdir(folder, { recursive: true });
  return { paths, lease: join(folder, "deliverer"), knock: join(folder, ".deliverer.knock") };
}

function leaseOf({ paths }: Place, clock: Clock): DestinationLease {
  return createLease(deliveryContext(destination, { paths, clock, budgetMs: 10_000 }), () => undefined);
}

/** Whether another process could lock it now. */
async function isFree(path: string): Promise<boolean> {
  const lock = await lockFile(path);
  await lock?.release();
  return lock !== undefined;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

test("a process that sends one request after the other gives way too", async () => {
  const where = await place();
  const clock = fakeClock();
  const lease = leaseOf(where, clock);
  await writeFile(where.knock, "");
  for (let request = 0; request < 6; request += 1) {
    const leave = await lease.enter([], ["a"]);
    expect(existsSync(where.knock)).toBe(request < 4);
    await clock.sleep(300, undefined);
    await leave();
  }
  expect(sumOf(clock.slept) - 6 * 300).toBeGreaterThanOrEqual(400);
});

test("one that has given way does not hold back for an hour when its clock is set back by one", async () => {
  const where = await place();
  const clock = fakeClock();
  let setBackMs = 0;
  const jumping = { ...clock, now: () => clock.now() - setBackMs };
  const leave = await leaseOf(where, jumping).enter([], ["a"]);
  await clock.sleep(1_500, undefined);
  await writeFile(where.knock, "");
  const held = leaseOf(where, jumping).enter([], ["b"]);
  await expect.poll(() => existsSync(where.knock)).toBe(false);
  setBackMs = 3_600_000;
  await leave();
  await (await held)();
  expect(sumOf(clock.slept)).toBeLessThan(1_500 + 1_000 + 5_000);
  expect(await isFree(where.lease)).toBe(true);
});

test("a lease that is waited for in vain while the clock is set back again and again takes no longer", async () => {
  const where = await place();
  await lockFile(where.lease);
  const clock = fakeClock();
  // It stands still for who looks at it.
  const standing = { ...clock, now: () => 1_700_000_000_000 };
  await (await leaseOf(where, standing).enter([], ["a"]))();
  expect(sumOf(clock.slept)).toBe(5_000);
});

test("where the lease is waited for in vain, a trace that another process is sending is still waited for", async () => {
  const where = await place();
  await lockFile(where.lease);
  const path = receiptPath(where.paths, destination.id, traceId(1));
  await mkdir(dirname(path), { recursive: true });
  const other = await lockFile(path);
  const clock = fakeClock();
  const sleeping = {
    ...clock,
    sleep: async (ms: number) => {
      await clock.sleep(ms, undefined);
      if (sumOf(clock.slept) > 6_000) await other?.release();
    },
  };
  const leave = await leaseOf(where, sleeping).enter([traceId(1)], ["a"]);
  expect(sumOf(clock.slept)).toBeGreaterThan(6_000);
  expect(sumOf(clock.slept)).toBeLessThan(7_500);
  expect(await isFree(path)).toBe(false);
  await leave();
  expect(await isFree(path)).toBe(true);
});

test("where no knock can be left, the lease is waited for nevertheless", async () => {
  const where = await place();
  await lockFile(where.lease);
  await mkdir(where.knock);
  const clock = fakeClock();
  await (await leaseOf(where, clock).enter([], ["a"]))();
  expect(sumOf(clock.slept)).toBe(5_000);
});
