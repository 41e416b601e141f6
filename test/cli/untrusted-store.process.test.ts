import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { langfuseVariables, looptrace } from "../support/cli.js";
import { startReceiver } from "../support/receiver.js";
import { fakeOpenCode } from "./fake-opencode.js";

test.each([
  ["run", "Say hello."],
  ["trace", "--last"],
  ["push"],
  ["push", "--status"],
  ["show", "--last"],
  ["check", "ses_1", "--max-steps", "3"],
  ["view"],
  ["watch"],
  ["attach", "http://127.0.0.1:9"],
  ["batch", "-", "-o", "results.jsonl"],
])("%s: an outbox that is a link is refused in one line, before anything is done", async (...argv) => {
  const { env, cwd, path } = await fakeOpenCode();
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const elsewhere = await mkdtemp(join(tmpdir(), "elsewhere-"));
  onTestFinished(() => rm(elsewhere, { recursive: true, force: true }));
  const home = env.LOOPTRACE_HOME ?? "";
  await mkdir(home, { mode: 0o700 });
  await symlink(elsewhere, join(home, "outbox"));
  const around = {
    env: {
      ...env,
      LOOPTRACE_OPENCODE: path,
      ...langfuseVariables(receiver.url),
    },
    cwd,
    stdin: '"Go."\n',
  };
  const { code, stdout, stderr } = await looptrace(argv, around);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr.split("\n")).toHaveLength(2);
  expect(stderr).toContain(
    `${join(home, "outbox")} is not used, because it is a link, which looptrace does not follow.`,
  );
  expect(receiver.requests).toEqual([]);
});
