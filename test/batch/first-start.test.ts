import { expect, test } from "vitest";
import { firstStart } from "../../src/batch/first-start.js";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("one alone, all others when it has begun", async () => {
  const first = firstStart();
  const in_: number[] = [];
  for (const one of [1, 2, 3]) void first.enter(undefined).then(() => in_.push(one));
  await settle();
  expect(in_).toEqual([1]);
  first.begun();
  await settle();
  expect(in_).toEqual([1, 2, 3]);
  // That others are over changes nothing any more.
  first.over();
  void first.enter(undefined).then(() => in_.push(4));
  void first.enter(undefined).then(() => in_.push(5));
  await settle();
  expect(in_).toEqual([1, 2, 3, 4, 5]);
});

test("one that never began makes room for one more", async () => {
  const first = firstStart();
  const in_: number[] = [];
  for (const one of [1, 2, 3]) void first.enter(undefined).then(() => in_.push(one));
  await settle();
  first.over();
  await settle();
  expect(in_).toEqual([1, 2]);
  first.over();
  await settle();
  expect(in_).toEqual([1, 2, 3]);
});

test("whoever waits can be called off, and does not stand in the way then", async () => {
  const first = firstStart();
  expect(await first.enter(undefined)).toBe(true);
  const ending = new AbortController();
  const called = first.enter(ending.signal);
  const patient = first.enter(undefined);
  ending.abort();
  expect(await called).toBe(false);
  first.over();
  expect(await patient).toBe(true);
});
