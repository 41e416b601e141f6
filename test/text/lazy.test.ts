import { expect, test } from "vitest";
import { once, withLazy } from "../../src/text/lazy.js";

test("what is made once is made when it is asked for first, also where that is nothing", () => {
  let made = 0;
  const ask = once(() => {
    made += 1;
    return undefined;
  });
  expect(made).toBe(0);
  expect([ask(), ask()]).toEqual([undefined, undefined]);
  expect(made).toBe(1);
});

test("data with a field that is made when it is read is data: it is compared, copied, cloned and written whole, in its order", () => {
  let made = 0;
  const given: { readonly a: number; readonly b: readonly number[] | null; readonly c: string } = {
    a: 1,
    b: null,
    c: "x",
  };
  const data = withLazy(given, "b", () => {
    made += 1;
    return [made];
  });
  expect(made).toBe(0);
  expect(JSON.stringify(data)).toBe('{"a":1,"b":[1],"c":"x"}');
  expect({ ...data }).toEqual({ a: 1, b: [1], c: "x" });
  expect(structuredClone(data)).toEqual(data);
  expect(data.b).toBe({ ...data }.b);
  expect([made, given.b]).toEqual([1, null]);
});
