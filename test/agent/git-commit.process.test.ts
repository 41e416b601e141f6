import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { gitCommit } from "../../src/agent/git-commit.js";

test("the commit of a repository; nothing before the first one, outside of git, and nowhere", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "git-commit-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const git = async (...args: string[]): Promise<string> => {
    const who = ["-c", "user.name=Example", "-c", "user.email=example@example.com"];
    return (await execa("git", [...who, ...args], { cwd })).stdout;
  };
  expect(await gitCommit(join(cwd, "nowhere"))).toBeUndefined();
  await git("init", "--quiet");
  expect(await gitCommit(cwd)).toBeUndefined();
  await git("commit", "--quiet", "--allow-empty", "--message=Begin");
  expect(await gitCommit(cwd)).toBe(await git("rev-parse", "HEAD"));
});
