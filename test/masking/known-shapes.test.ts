import { performance } from "node:perf_hooks";
import { expect, test } from "vitest";
import { findKnownShapes } from "../../src/masking/known-shapes.js";

test("a look for tokens leaves nothing behind in its process, however often it is done", async () => {
  await findKnownShapes("nothing");
  const before = performance.getEntries().length;
  const found = await findKnownShapes(`TOKEN=ghp_${"aB3dE5fG7hJ9".repeat(3)}`);
  expect(found).not.toEqual([]);
  expect(performance.getEntries()).toHaveLength(before);
});
