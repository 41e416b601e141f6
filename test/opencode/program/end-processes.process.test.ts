import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { expect, test } from "vitest";
import { endProcesses, findProcesses, killProcesses } from "../../../src/opencode/program/end-processes.js";

/** A process with a session of its own, as opencode starts its commands; it has begun when this resolves. */
async function start(script: string, runId: string) {
  const child = spawn("/bin/sh", ["-c", script], {
    detached: true,
    env: { PATH: process.env.PATH, LOOPTRACE_RUN_ID: runId },
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  return child;
}

test("ends the processes of one run, and of runs inside it, but of no other", async () => {
  const [mine, inner, other] = [randomUUID(), randomUUID(), randomUUID()];
  const script = "echo on; exec sleep 60";
  const children = [await start(script, mine), await start(script, `${mine},${inner}`)];
  const stranger = await start(script, other);
  try {
    const ended = Promise.all(children.map((child) => once(child, "exit")));
    expect(findProcesses(mine).sort()).toEqual(children.map(({ pid }) => pid).sort());
    await endProcesses(mine);
    expect((await ended).map(([, signal]) => signal)).toEqual(["SIGTERM", "SIGTERM"]);
    expect(findProcesses(mine)).toEqual([]);
    expect(findProcesses(other)).toEqual([stranger.pid]);
  } finally {
    killProcesses(other);
  }
});

test("what does not listen is killed", async () => {
  const runId = randomUUID();
  const child = await start("trap '' TERM; echo on; while :; do sleep 1; done", runId);
  const ended = once(child, "exit");
  await endProcesses(runId);
  expect((await ended)[1]).toBe("SIGKILL");
  expect(findProcesses(runId)).toEqual([]);
});
