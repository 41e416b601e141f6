import { expect, test } from "vitest";
import { childrenList } from "../../../src/opencode/store/children-list.js";

const MINUTE_MS = 60_000;

test("which sessions are below which is asked once, and again when that is a while ago", async () => {
  let now = 0;
  const answers = [new Map([["ses_a", ["ses_b"]]]), new Map([["ses_a", ["ses_b", "ses_c"]]])];
  let asked = 0;
  const children = childrenList(() => now);
  const list = async () => answers[asked++] ?? new Map();
  const below = async (id: string) => await (await children(list))?.(id);
  expect(await Promise.all(["ses_a", "ses_x"].map(below))).toEqual([["ses_b"], []]);
  now = 4 * MINUTE_MS;
  expect(await below("ses_a")).toEqual(["ses_b"]);
  expect(asked).toBe(1);
  now = 6 * MINUTE_MS;
  expect(await Promise.all(["ses_a", "ses_a"].map(below))).toEqual([
    ["ses_b", "ses_c"],
    ["ses_b", "ses_c"],
  ]);
  expect(asked).toBe(2);
});

test("where it cannot be said a server is asked for each; later it may be", async () => {
  let now = 0;
  let asked = 0;
  const children = childrenList(() => now);
  const list = async () => {
    asked += 1;
    if (asked === 1) throw new Error("no");
    return new Map<string, readonly string[]>();
  };
  expect(await children(list)).toBeUndefined();
  now = 6 * MINUTE_MS;
  expect(await (await children(list))?.("ses_a")).toEqual([]);
});
