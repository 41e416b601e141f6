import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { cliEnvironment, looptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { answer, madeScenario } from "../support/play-run.js";
import { startReceiver } from "../support/receiver.js";

allowColdStarts();

const COMMIT = "langfuse.observation.metadata.gitCommit";

test("what is sent of a session of another directory names the commit there", async () => {
  await using bench = await isolatedOpenCode(madeScenario([answer, answer], { git: true }));
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const env = cliEnvironment(bench, receiver);
  const elsewhere = join(bench.home, "elsewhere");
  await mkdir(elsewhere);
  const git = (...args: string[]) =>
    execa("git", ["-c", "user.name=E", "-c", "user.email=e@example.com", ...args], { cwd: elsewhere });
  await git("init", "--quiet", "--initial-branch=fix");
  await git("commit", "--quiet", "--allow-empty", "--message=Begin");
  const { stdout: commit } = await git("rev-parse", "HEAD");

  const first = await looptrace(["run", "--json", "Go."], { env, cwd: elsewhere });
  const { sessionId } = JSON.parse(first.stdout);
  const second = await looptrace(["run", "--json", "--session", sessionId, "Go on."], { env, cwd: bench.workdir });
  expect([first.code, second.code]).toEqual([0, 0]);
  const roots = receiver.spans().filter(({ name }) => name === "opencode.loop");
  const commits = roots.map(({ attributes }) => attributes[COMMIT]);
  expect(commits).toEqual([commit, commit]);
});
