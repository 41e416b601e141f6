import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { runVerify, type VerifyOptions } from "../../src/batch/verify.js";
import { programCommand } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";

allowColdStarts();

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "verify-"));
  return () => rm(cwd, { recursive: true, force: true });
});

const verify = (command: string, more: Partial<VerifyOptions> = {}) =>
  runVerify(command, {
    cwd,
    environment: process.env,
    stdin: "given\n",
    timeoutMs: 60_000,
    signal: undefined,
    ...more,
  });

test("passes with exit code 0: run by a shell, in its directory, with what it is given and the environment", async () => {
  const command = 'read -r word && echo "$word $NAME" && pwd -P >&2 && [ "$word" = given ]';
  const { output, durationMs, ...rest } = await verify(command, {
    environment: { ...process.env, NAME: "of a variable" },
  });
  expect(rest).toEqual({ command, passed: true, exitCode: 0, signal: null, timedOut: false });
  expect(output).toMatch(/^given of a variable\n(?:\/private)?\/.*verify-/);
  expect(durationMs).toBeGreaterThanOrEqual(0);
});

test("does not pass with another exit code, killed, or without such a command; it need not read what it is given", async () => {
  const long = "x".repeat(1_000_000);
  expect(await verify("echo no >&2; exit 3", { stdin: long })).toMatchObject({
    passed: false,
    exitCode: 3,
    output: "no\n",
  });
  expect(await verify("kill -9 $$")).toMatchObject({ passed: false, exitCode: null, signal: "SIGKILL" });
  expect(await verify("no-such-command-here")).toMatchObject({ passed: false, exitCode: 127 });
  const nowhere = await verify("true", { cwd: join(cwd, "nowhere") });
  expect(nowhere).toMatchObject({ passed: false, exitCode: null, output: expect.stringContaining("ENOENT") });
});

test("keeps the end of a long output, whole characters", async () => {
  const { output } = await verify(`node -e "process.stdout.write('ä'.repeat(40000) + 'the end')"`);
  expect(output).toMatch(/^\[cut: 40007 characters in all\] … ä+the end$/);
  expect(output.length).toBeLessThan(16_100);
});

test("what takes too long, or is no longer wanted, is ended with all that it started", async () => {
  const pidOf = async (name: string): Promise<number> => Number(await readFile(join(cwd, name), "utf8"));
  const late = await verify("sleep 60 & echo $! > late; wait", { timeoutMs: 300 });
  expect(late).toMatchObject({ passed: false, timedOut: true, exitCode: null, signal: "SIGTERM" });
  await gone(await pidOf("late"));

  const controller = new AbortController();
  const running = verify("sleep 60 & echo $! > ended; wait", { signal: controller.signal });
  await expect.poll(() => pidOf("ended").catch(() => 0)).toBeGreaterThan(0);
  controller.abort();
  expect(await running).toMatchObject({ passed: false, timedOut: false });
  await gone(await pidOf("ended"));

  // What it leaves behind holds its output open, and is not waited for.
  expect(await verify("sleep 60 & echo $! > left; exit 0")).toMatchObject({ passed: true });
  await gone(await pidOf("left"));
});

test("ends with a process that is killed by force", async () => {
  const [node, program] = programCommand("test/batch/verify-and-die.ts");
  const child = spawn(node, [program, cwd, "echo $$ > orphan; exec sleep 60"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const pidOf = async (): Promise<number> => Number(await readFile(join(cwd, "orphan"), "utf8").catch(() => 0));
  await expect.poll(pidOf).toBeGreaterThan(0);
  child.kill("SIGKILL");
  await gone(await pidOf());
});

async function gone(pid: number): Promise<void> {
  onTestFinished(() => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // As it should be.
    }
  });
  await expect.poll(() => isThere(pid)).toBe(false);
}

async function isThere(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return status !== "" && !/\) Z /.test(status);
}
