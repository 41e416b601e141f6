import { expect, test } from "vitest";
import { idTime } from "../../../src/opencode/schema/ids.js";
import { newMessageId } from "../../../src/opencode/server/new-message-id.js";

test("a new id says when it was minted, sorts by that, and is like no other", () => {
  const [now, later] = [1_795_230_000_000, 1_795_230_000_001];
  const ids = [newMessageId(now), newMessageId(later)];
  expect(ids.map((id) => idTime(id, now))).toEqual([now, later]);
  expect(ids.toSorted()).toEqual(ids);
  expect(newMessageId(now)).not.toBe(ids[0]);
});
