import { expect, test } from "vitest";
import { createGate } from "../../src/deliver/gate.js";
import { fakeClock } from "../support/fake-clock.js";

test("waits twice as long after each failure in a row, up to a limit", async () => {
  const clock = fakeClock();
  const gate = createGate(clock, Number.POSITIVE_INFINITY, undefined);
  for (let index = 0; index < 7; index += 1) {
    const pass = await gate.enter();
    if (pass) gate.failed(pass, undefined);
  }
  expect(clock.slept).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
  gate.succeeded();
  const pass = await gate.enter();
  if (pass) gate.failed(pass, undefined);
  await gate.enter();
  expect(clock.slept.slice(6)).toEqual([8000, 500]);
});

test("tells of each wait, how long and after how many failures in a row", async () => {
  const told: (readonly [number, number])[] = [];
  const onWait = (waitMs: number, failures: number) => void told.push([waitMs, failures]);
  const gate = createGate(fakeClock(), Number.POSITIVE_INFINITY, undefined, onWait);
  for (let index = 0; index < 3; index += 1) {
    const pass = await gate.enter();
    if (pass) gate.failed(pass, index === 2 ? 9000 : undefined);
  }
  await gate.enter();
  expect(told).toEqual([
    [500, 1],
    [1000, 2],
    [9000, 3],
  ]);
});

test("requests that fail together count as one failure", async () => {
  const clock = fakeClock();
  const gate = createGate(clock, Number.POSITIVE_INFINITY, undefined);
  const passes = await Promise.all([gate.enter(), gate.enter(), gate.enter()]);
  for (const pass of passes) if (pass) gate.failed(pass, undefined);
  await gate.enter();
  expect(clock.slept).toEqual([500]);
});

test("waits as long as the server asks", async () => {
  const clock = fakeClock();
  const gate = createGate(clock, Number.POSITIVE_INFINITY, undefined);
  const pass = await gate.enter();
  if (pass) gate.failed(pass, 7000);
  await gate.enter();
  expect(clock.slept).toEqual([7000]);
});

test("does not wait for what comes after the deadline", async () => {
  const clock = fakeClock();
  const gate = createGate(clock, clock.now() + 3000, undefined);
  const pass = await gate.enter();
  if (pass) gate.failed(pass, 3000);
  expect(await gate.enter()).toBeUndefined();
  expect(clock.slept).toEqual([]);
});

test("lets nothing through once aborted", async () => {
  const gate = createGate(fakeClock(), Number.POSITIVE_INFINITY, AbortSignal.abort());
  expect(await gate.enter()).toBeUndefined();
});
