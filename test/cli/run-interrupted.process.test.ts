import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startLooptrace } from "../support/cli.js";
import { until } from "../support/until.js";

/** An opencode that begins what it is called for, says so in a file, and takes its time. */
async function slowOpenCode(at: string) {
  const folder = await mkdtemp(join(tmpdir(), "run-interrupted-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "opencode");
  const begun = join(folder, "begun");
  const program = [
    "#!/bin/sh",
    `[ "$1" = ${at} ] && touch '${begun}' && sleep ${at === "--version" ? 2 : 60}`,
    '[ "$1" = --version ] && echo 1.18.33 && exit 0',
    "exit 1",
  ];
  await writeFile(path, program.join("\n"));
  await chmod(path, 0o755);
  const cwd = join(folder, "work");
  await mkdir(cwd);
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    LOOPTRACE_HOME: join(folder, "looptrace"),
    LOOPTRACE_OPENCODE: path,
  };
  return { around: { env, cwd }, begun };
}

const SAYS = [
  "starting opencode",
  "looptrace: stopping. Once more quits at once.",
  "looptrace: interrupted before opencode had begun: nothing was run, and no model was asked.",
  "",
].join("\n");

test.each([
  { at: "serve", flags: ["--driver", "server"] },
  { at: "run", flags: ["--driver", "cli"] },
  // Before there is a run.
  { at: "--version", flags: ["--driver", "cli"] },
])("Ctrl-C while opencode $at is starting: nothing was run, and that is said", async ({ at, flags }) => {
  const { around, begun } = await slowOpenCode(at);
  // With a system prompt no server is started before looptrace listens to Ctrl-C.
  const argv = ["run", "--json", "--system", "Be brief.", ...flags, "Say hello."];
  const { child, ended } = startLooptrace(argv, around);
  onTestFinished(() => void child.kill("SIGKILL"));
  await until(() => existsSync(begun) || child.exitCode !== null);
  child.kill("SIGINT");
  const { code, signal, stdout, stderr } = await ended;
  expect([code, signal, stderr]).toEqual([130, null, SAYS]);
  const error = { code: "aborted", abortedBy: "caller" };
  expect(JSON.parse(stdout)).toMatchObject({ sessionId: null, text: null, traces: [], error });
});
