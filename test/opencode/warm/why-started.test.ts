import { appendFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ENDS } from "../../../src/opencode/warm/keeper-script.js";
import { whyNew, whyStarted } from "../../../src/opencode/warm/why-started.js";

const PLAIN = { opencode: "a", looptrace: "b", "the variable KEY": "c", "the rights and umask": "d" };
const other = { ...PLAIN, "the variable KEY": "e" };
const far = { ...PLAIN, "the variable KEY": "x", "the rights and umask": "y", "auth.json": "z" };
const IDLE = "no run used it for long enough";
const plain = { id: "plain", parts: PLAIN };
const distant = { id: "distant", parts: far };
const none = new Map<string, string>();
const idle = new Map([["plain", IDLE]]);

test("a new server is compared with the nearest, not with the last one", () => {
  const offered = [far, PLAIN];
  expect(whyNew({ offered, started: [distant, plain], ends: none }, other)).toBe("the variable KEY changed");
  expect(whyNew({ offered: [far], started: [distant, plain], ends: none }, other)).toBe("the variable KEY changed");
});

test("why the nearest ended comes first where it is there no more, and nothing of it where it is there", () => {
  expect(whyNew({ offered: [far], started: [distant, plain], ends: idle }, PLAIN)).toBe(`the last one ended: ${IDLE}`);
  expect(whyNew({ offered: [], started: [plain], ends: idle }, other)).toBe(
    `the last one ended: ${IDLE}; the variable KEY changed`,
  );
  expect(whyNew({ offered: [PLAIN], started: [plain], ends: idle }, other)).toBe("the variable KEY changed");
  // It is there, and was of no use.
  expect(whyNew({ offered: [PLAIN], started: [plain], ends: idle }, PLAIN)).toBe(`the last one ended: ${IDLE}`);
});

test("the end of another server than the nearest is no reason", () => {
  const ends = new Map([["distant", "opencode ended"]]);
  expect(whyNew({ offered: [], started: [distant, plain], ends }, other)).toBe("the variable KEY changed");
  expect(whyNew({ offered: [], started: [distant, plain], ends }, PLAIN)).toBe("there was none");
});

test("without any before it is the first, and with one that went without a word there was none", () => {
  expect(whyNew({ offered: [], started: [], ends: idle }, PLAIN)).toBe("the first");
  expect(whyNew({ offered: [], started: [plain], ends: none }, PLAIN)).toBe("there was none");
});

test("each server's end is told of that server, whichever ended later, and few ends are kept", async () => {
  const servers = await emptyFolder();
  const start = (id: string, parts: Readonly<Record<string, string>>) => whyStarted(servers, { key: id, parts }, id);
  expect(await start("one", PLAIN)).toBe("the first");
  expect(await start("two", far)).toContain("changed");
  await appendFile(join(servers, ENDS), `one ${IDLE}\ntwo opencode ended\n`);
  expect(await start("three", PLAIN)).toBe(`the last one ended: ${IDLE}`);
  // The one of before it ended, and this one not.
  expect(await start("four", PLAIN)).toBe("there was none");
  await appendFile(join(servers, ENDS), "others ended\n".repeat(100));
  await start("five", far);
  expect((await readFile(join(servers, ENDS), "utf8")).split("\n").length).toBeLessThan(20);
});

test("a reason that cannot be noted is told all the same", async () => {
  const servers = await emptyFolder();
  await mkdir(join(servers, "last-starts.json"));
  expect(await whyStarted(servers, { key: "k", parts: PLAIN }, "one")).toBe("the first");
});

async function emptyFolder(): Promise<string> {
  const servers = await mkdtemp(join(tmpdir(), "why-started-"));
  onTestFinished(() => rm(servers, { recursive: true, force: true }));
  return servers;
}
