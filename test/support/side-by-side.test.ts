import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { onTestFinished, sideBySide } from "./side-by-side.js";

sideBySide();

/** Which test's things were done away with, and after which steps. */
const happened: string[] = [];

describe.concurrent("tests that run at once", () => {
  test("the first one ends last", async () => {
    while (!happened.includes("second: cleaned up")) await sleep(1);
    onTestFinished(() => void happened.push("first: cleaned up"));
  });

  test("what the second one leaves is done away with at its own end", async () => {
    await sleep(1);
    onTestFinished(() => void happened.push("second: cleaned up"));
    happened.push("second: ends");
  });
});

test("each cleaned up after itself", () => {
  expect(happened).toEqual(["second: ends", "second: cleaned up", "first: cleaned up"]);
});
