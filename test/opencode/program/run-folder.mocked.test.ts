import { existsSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { createRunFolder } from "../../../src/opencode/program/run-folder.js";

const { atExit } = vi.hoisted(() => ({ atExit: [] as (() => void)[] }));

// This process is not to end, and root removes whatever folder it likes.
vi.mock("signal-exit", () => ({
  onExit: (run: () => void) => {
    atExit.push(run);
    return () => undefined;
  },
}));
vi.mock("node:fs", async (original) => ({
  ...(await original<typeof import("node:fs")>()),
  rmSync: () => {
    throw new Error("EMFILE: too many open files");
  },
}));

test("a folder that cannot be removed when this process exits is left to the watchdog, without a stack trace", async () => {
  const folder = await createRunFolder();
  expect(atExit).toHaveLength(1);
  for (const run of atExit) expect(run).not.toThrow();
  expect(existsSync(folder.path)).toBe(true);
  await folder.remove();
  expect(existsSync(folder.path)).toBe(false);
});
