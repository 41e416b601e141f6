import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { whyNew, whyStarted } from "../../../src/opencode/warm/why-started.js";

const PLAIN = { opencode: "a", looptrace: "b", "the variable KEY": "c", "the rights and umask": "d" };
const other = { ...PLAIN, "the variable KEY": "e" };
const far = { ...PLAIN, "the variable KEY": "x", "the rights and umask": "y", "auth.json": "z" };
const IDLE = "no run used it for long enough";

test("a new server is compared with the nearest, not with the last one", () => {
  const offered = [far, PLAIN];
  expect(whyNew({ offered, started: [far, PLAIN], end: "" }, other)).toBe("the variable KEY changed");
  expect(whyNew({ offered: [far], started: [far, PLAIN], end: "" }, other)).toBe("the variable KEY changed");
});

test("why the nearest ended comes first where it is there no more, and nothing of it where it is there", () => {
  expect(whyNew({ offered: [far], started: [far, PLAIN], end: IDLE }, PLAIN)).toBe(`the last one ended: ${IDLE}`);
  expect(whyNew({ offered: [], started: [PLAIN], end: IDLE }, other)).toBe(
    `the last one ended: ${IDLE}; the variable KEY changed`,
  );
  expect(whyNew({ offered: [PLAIN], started: [PLAIN], end: IDLE }, other)).toBe("the variable KEY changed");
  // It is there, and was of no use.
  expect(whyNew({ offered: [PLAIN], started: [PLAIN], end: IDLE }, PLAIN)).toBe(`the last one ended: ${IDLE}`);
});

test("without any before it is the first, and with one that went without a word there was none", () => {
  expect(whyNew({ offered: [], started: [], end: IDLE }, PLAIN)).toBe("the first");
  expect(whyNew({ offered: [], started: [PLAIN], end: "" }, PLAIN)).toBe("there was none");
});

test("a reason that cannot be noted is told all the same", async () => {
  const servers = await mkdtemp(join(tmpdir(), "why-started-"));
  onTestFinished(() => rm(servers, { recursive: true, force: true }));
  await mkdir(join(servers, "last-starts.json"));
  expect(await whyStarted(servers, { key: "k", parts: PLAIN })).toBe("the first");
});
