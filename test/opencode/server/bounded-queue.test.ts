import { expect, test } from "vitest";
import { boundedQueue } from "../../../src/opencode/server/bounded-queue.js";

test("what is pushed is taken in its order, also what comes while it is waited for", async () => {
  const queue = boundedQueue<number>(10, new AbortController().signal);
  void queue.push(1);
  void queue.push(2);
  expect([await queue.next(), await queue.next()]).toEqual([1, 2]);
  const waiting = queue.next();
  void queue.push(3);
  expect(await waiting).toBe(3);
});

test("a producer waits where too many wait, until half of them are taken", async () => {
  const queue = boundedQueue<number>(4, new AbortController().signal);
  const pushed = [1, 2, 3, 4].map((one) => queue.push(one));
  expect(pushed.slice(0, 3)).toEqual([undefined, undefined, undefined]);
  let hasRoom = false;
  const room = Promise.resolve(pushed[3]).then(() => {
    hasRoom = true;
  });
  await queue.next();
  await queue.next();
  expect(hasRoom).toBe(false);
  await queue.next();
  await room;
  expect(hasRoom).toBe(true);
});

test("once it is ended nobody waits for it", async () => {
  const ending = new AbortController();
  const queue = boundedQueue<number>(1, ending.signal);
  const full = queue.push(1);
  await queue.next();
  const waiting = queue.next();
  ending.abort();
  expect(await waiting).toBeUndefined();
  await full;
  expect(await queue.next()).toBeUndefined();
});
