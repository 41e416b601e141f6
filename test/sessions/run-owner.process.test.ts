import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { claimToken } from "../../src/files/claim-token.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { killProcesses } from "../../src/opencode/program/end-processes.js";
import { abandonedRuns, ownTurn } from "../../src/sessions/run-owner.js";
import { storedSession } from "../../src/sessions/session-store.js";
import { openSpanIds } from "../../src/trace/open-spans.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, loadFixture, onlyOne } from "../support/fixtures.js";
import { saveAsItIs } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";

const killed = loadFixture("killed@1.18.33");
const { id } = killed.session.info;
const promptedAt = at(killed.session.messages, 0).info.time.created;
const RUN = "5f0c2c5e-0000-4000-8000-000000000000";
const [, start, host, boot, space] = claimToken().split("-");
/** No system gives out pids as high as this. */
const DEAD = ["4c4b3f", start, host, boot, space].join("-");

async function noted(token: string, more: { startedAt?: number; mark?: string } = {}): Promise<StorePaths> {
  const paths = await temporaryStore();
  await mkdir(paths.sessions, { recursive: true });
  const text = JSON.stringify({
    token,
    mark: randomUUID(),
    id: RUN,
    attempt: 0,
    startedAt: promptedAt - 500,
    ...more,
  });
  await writeFile(ownerFile(paths), text);
  return paths;
}

const ownerFile = (paths: StorePaths): string => join(paths.sessions, `${id}.owner-${RUN}-0.json`);

const codes = async (paths: StorePaths) =>
  (await abandonedRuns(paths, killed.session)).map(({ exit, id, attempt }) => [exit.kind, id, attempt]);

test("a turn whose looptrace is gone is over, and says why", async () => {
  const paths = await noted(DEAD);
  const runs = await abandonedRuns(paths, killed.session);
  const unknown = onlyOne(traceSession(killed.tree, { log: killed.log }));
  const trace = onlyOne(traceSession(killed.tree, { log: killed.log, runs }));
  expect(openSpanIds(unknown).size).toBeGreaterThan(0);
  expect(openSpanIds(trace).size).toBe(0);
  expect(trace.loop.error).toMatchObject({ code: "aborted", abortedBy: "signal", evidence: "process" });
  expect(trace.loop.error?.message).toContain("looptrace was killed before the turn's answer");
  expect(trace.loop.run).toEqual({ id: RUN, attempt: 0 });
  // It tells the end, and no time that was not seen.
  expect([trace.loop.start, trace.loop.end]).toEqual([unknown.loop.start, unknown.loop.end]);
  await saveAsItIs(paths, { rootId: id, raw: new Map([[id, killed.text]]) });
  expect((await storedSession(paths, id))?.runs).toEqual(runs);
});

test.each([
  ["this process", claimToken(), []],
  ["a later process with the same pid", [process.pid.toString(16), "1", host, boot, space].join("-"), ["abandoned"]],
  ["one from before a reboot", [process.pid.toString(16), start, host, "ffffffff", space].join("-"), ["abandoned"]],
  ["one on another machine, a moment ago", [process.pid.toString(16), start, "ffffffff", boot, space].join("-"), []],
  ["one in another container, a moment ago", [process.pid.toString(16), start, host, boot, "ffffffff"].join("-"), []],
])("who drives it: %s", async (_, token, kinds) => {
  expect((await codes(await noted(token))).map(([kind]) => kind)).toEqual(kinds);
});

test("one on another machine that has not been heard of for long is gone", async () => {
  const paths = await noted([process.pid.toString(16), start, "ffffffff", boot, space].join("-"));
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 16 * 60_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect(await codes(paths)).toHaveLength(1);
});

test("while its opencode is being ended the turn is not over", async () => {
  const mark = randomUUID();
  const child = spawn("/bin/sh", ["-c", "echo on; exec sleep 300"], {
    detached: true,
    env: { PATH: process.env.PATH, LOOPTRACE_RUN_ID: mark },
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => killProcesses(mark));
  await once(child.stdout, "data");
  const paths = await noted(DEAD, { mark });
  expect(await codes(paths)).toEqual([]);
  const ended = once(child, "exit");
  killProcesses(mark);
  await ended;
  expect(await codes(paths)).toHaveLength(1);
});

test("only the turn that it began is over: what was prompted before or is prompted later is another's", async () => {
  const { session, tree } = loadFixture("two-turns@1.18.33");
  const prompts = session.messages.filter(({ info }) => info.role === "user").map(({ info }) => info.time.created);
  for (const [index, prompt] of prompts.entries()) {
    const paths = await temporaryStore();
    await mkdir(paths.sessions, { recursive: true });
    const text = { token: DEAD, mark: randomUUID(), id: RUN, attempt: 0, startedAt: prompt - 1 };
    await writeFile(join(paths.sessions, `${session.info.id}.owner-a.json`), JSON.stringify(text));
    const runs = await abandonedRuns(paths, session);
    expect(traceSession(tree, { runs }).map(({ loop }) => loop.run !== null)).toEqual(
      prompts.map((_, turn) => turn === index),
    );
  }
  const before = await noted(DEAD, { startedAt: promptedAt + 3_600_000 });
  expect(await codes(before)).toEqual([]);
});

test("what a run itself tells is not told again", async () => {
  const paths = await noted(DEAD);
  const own = { id: RUN, attempt: 0, exit: { kind: "served" as const }, streamErrors: [], stderr: "" };
  const run = { ...own, startedAt: promptedAt - 500, endedAt: promptedAt + 9_000 };
  await saveAsItIs(paths, { rootId: id, raw: new Map([[id, killed.text]]), runs: [{ run }] });
  expect((await storedSession(paths, id))?.runs).toEqual([run]);
});

test("pipes, links and nonsense in its place tell nothing, and hold nothing up", async () => {
  const paths = await noted("nonsense");
  await writeFile(ownerFile(paths), "{");
  execFileSync("mkfifo", [join(paths.sessions, `${id}.owner-fifo-0.json`)]);
  expect(await codes(paths)).toEqual([]);
});

test("a turn that comes to its end leaves no note, an id that is none makes no file", async () => {
  const paths = await temporaryStore();
  const turn = { mark: "m", id: RUN, attempt: 1, startedAt: 1 };
  const disown = ownTurn(paths, id, turn);
  await expect.poll(() => readdir(paths.sessions).catch(() => [])).toEqual([`${id}.owner-${RUN}-1.json`]);
  await disown();
  expect(await readdir(paths.sessions)).toEqual([]);
  await ownTurn(paths, "../../ses_1", turn)();
  expect(await readdir(paths.sessions)).toEqual([]);
});
