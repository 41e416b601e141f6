import { expect, test } from "vitest";
import { readAhead } from "../../src/sessions/read-ahead.js";

/** Readings that end when they are told to. */
function held() {
  const ends = new Map<number, (value: number) => void>();
  const begun: number[] = [];
  const read = (item: number): Promise<number> => {
    begun.push(item);
    return new Promise((resolve) => ends.set(item, resolve));
  };
  return { begun, read, end: (item: number) => ends.get(item)?.(item) };
}

test("several are read at a time, and given out in their order", async () => {
  const { begun, read, end } = held();
  const reading = readAhead([1, 2, 3, 4, 5], 3, read);
  const first = reading.next();
  expect(begun).toEqual([1, 2, 3]);
  end(2);
  end(3);
  end(1);
  expect(await first).toEqual({ value: 1, done: false });
  // Nothing is begun as long as nobody takes the next one.
  expect(begun).toEqual([1, 2, 3]);
  expect(await reading.next()).toEqual({ value: 2, done: false });
  expect(begun).toEqual([1, 2, 3, 4]);
  for (const item of [4, 5]) end(item);
  const rest: number[] = [];
  const taking = (async () => {
    for await (const one of reading) {
      rest.push(one);
      end(5);
    }
  })();
  await taking;
  expect(rest).toEqual([3, 4, 5]);
});

test("one that fails is told when it is its turn, after those before it", async () => {
  const taken: number[] = [];
  const reading = readAhead([1, 2, 3], 3, async (item) => {
    if (item === 2) throw new Error("two");
    return item;
  });
  await expect(
    (async () => {
      for await (const one of reading) taken.push(one);
    })(),
  ).rejects.toThrow("two");
  expect(taken).toEqual([1]);
});

test("who stops waits for what is under way", async () => {
  const { read, end } = held();
  const reading = readAhead([1, 2], 2, read);
  const first = reading.next();
  end(1);
  await first;
  let isOver = false;
  const stopped = reading.return().then(() => {
    isOver = true;
  });
  await Promise.resolve();
  expect(isOver).toBe(false);
  end(2);
  await stopped;
  expect(isOver).toBe(true);
});

test("nothing is read of nothing", async () => {
  expect(await readAhead([], 4, async () => 1).next()).toEqual({ value: undefined, done: true });
});
