import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { OpenCode } from "../../src/agent/open-code.js";
import { storePaths } from "../../src/files/store-paths.js";
import { gitState } from "../../src/git/git-state.js";
import { ServerPool } from "../../src/opencode/server/server-pool.js";
import { loadStored } from "../../src/sessions/load-stored.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { answer, madeScenario } from "../support/play-run.js";

allowColdStarts();

test("a run notes what the directory of the session stands on, in which opencode works", async () => {
  await using bench = await isolatedOpenCode(madeScenario([answer, answer], { git: true }));
  const { env: environment, workdir, binary } = bench;
  const elsewhere = join(bench.home, "elsewhere");
  await mkdir(elsewhere);
  const git = (...args: string[]) =>
    execa("git", ["-c", "user.name=E", "-c", "user.email=e@example.com", ...args], { cwd: elsewhere });
  await git("init", "--quiet", "--initial-branch=fix");
  await git("commit", "--quiet", "--allow-empty", "--message=Begin");
  const servers = new ServerPool();
  onTestFinished(() => servers.close());
  const agent = new OpenCode({ opencode: binary, environment, driver: "server", servers, masking: false });
  const first = await agent.run("Go.", { directory: elsewhere });
  const session = first.sessionId ?? expect.unreachable();
  // As the command does: it asks before it knows of the session.
  const known = await gitState(workdir, environment);
  const second = new OpenCode({ opencode: binary, environment, driver: "server", servers, masking: false, git: known });
  const { runId } = await second.run("Go.", { directory: workdir, session });
  const kept = await loadStored(storePaths(environment), session);
  const run = kept?.found.runs.find(({ id }) => id === runId);
  const { stdout: commit } = await git("rev-parse", "HEAD");
  expect(known).toMatchObject({ branch: "main" });
  expect(run?.git).toEqual({ branch: "fix", commit, pullRequest: null });
});
