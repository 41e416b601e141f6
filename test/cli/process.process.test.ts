import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { cliCommand, looptrace, startLooptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";
import { reportedPath } from "../support/reported.js";

let env: Record<string, string>;

beforeAll(() => {
  env = { PATH: process.env.PATH ?? "", HOME: tmpdir(), LOOPTRACE_HOME: join(tmpdir(), "no-such-folder") };
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "process-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("a reader that has seen enough is no failure", async () => {
  const folder = await temporaryFolder();
  // More than a pipe holds, so that the writer meets the closed end.
  const { info, messages } = JSON.parse(loadFixture("multistep@1.18.33").text);
  const title = "long ".repeat(200_000);
  await writeFile(join(folder, "large.json"), JSON.stringify({ info: { ...info, title }, messages }));
  const show = [...cliCommand(), "show", "large.json", "--json"];
  const result = await execa("bash", ["-c", 'set -o pipefail; "$@" | head -c 20', "bash", ...show], {
    cwd: folder,
    env,
    extendEnv: false,
  });
  expect([result.exitCode, result.stderr]).toEqual([0, ""]);
  expect(result.stdout).toHaveLength(20);

  // The whole document comes through a pipe that is read to its end.
  const whole = await startLooptrace(["show", "-", "--json"], {
    cwd: folder,
    env,
    stdin: await readFile(join(folder, "large.json"), "utf8"),
  }).ended;
  expect([whole.code, whole.stderr]).toEqual([0, ""]);
  expect(JSON.parse(whole.stdout)).toMatchObject([{ session: { title } }]);
});

test.runIf(existsSync("/dev/full"))("what cannot be written is told on one line, and by the exit code", async () => {
  const show = [...cliCommand(), "--version"];
  const result = await execa("bash", ["-c", '"$@" > /dev/full', "bash", ...show], {
    env,
    extendEnv: false,
    reject: false,
  });
  expect([result.exitCode, result.stderr]).toEqual([
    2,
    "looptrace: standard output cannot be written to: the disk is full.",
  ]);
});

test("a file of PowerShell's comes through a pipe too", async () => {
  const [node = "", ...rest] = [...cliCommand(), "show", "-", "--json"];
  const input = await readFile(reportedPath("powershell-utf16/session-utf16le.json"));
  const result = await execa(node, rest, { env, extendEnv: false, input });
  expect(JSON.parse(result.stdout)).toMatchObject([{ session: { id: "ses_e03b62130ffeoj4vp7D1mp9Cj4" } }]);
});

test("a listener on standard error that goes away does not end the command", async () => {
  const folder = await temporaryFolder();
  const absent = [...cliCommand(), "show", "absent.json"];
  const script = '"$@" 2> >(exec 0<&-; sleep 0); echo "exit $?"';
  const result = await execa("bash", ["-c", script, "bash", ...absent], {
    cwd: folder,
    env,
    extendEnv: false,
  });
  expect(result.stdout).toBe("exit 2");
});

test("the exit code, the version and the help reach the shell", async () => {
  const cwd = await temporaryFolder();
  const manifest = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")));
  expect(await startLooptrace(["--version"], { cwd, env }).ended).toEqual({
    code: 0,
    signal: null,
    stdout: `${manifest.version}\n`,
    stderr: "",
  });
  const help = await looptrace(["--help"], { cwd, env });
  expect(await startLooptrace(["--help"], { cwd, env }).ended).toEqual({ ...help, signal: null });
  expect(await startLooptrace(["show"], { cwd, env }).ended).toMatchObject({ code: 2, stdout: "" });
});

test("where too few files may be open, one line says so and no stack does", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "session.json"), loadFixture("multistep@1.18.33").text);
  await writeFile(join(folder, "empty.cjs"), "");
  const limited = (most: number, command: readonly string[]) =>
    execa("sh", ["-c", `ulimit -n ${most} && exec "$@"`, "sh", ...command], {
      cwd: folder,
      env: { ...env, LOOPTRACE_OPENCODE: "/nonexistent" },
      extendEnv: false,
      reject: false,
    });
  // With fewer, Node.js itself does not start.
  let least = 40;
  while ((await limited(least - 1, [process.execPath, "empty.cjs"])).exitCode === 0) least -= 1;
  const refused: string[] = [];
  for (const argv of [
    ["show", "session.json"],
    ["trace", "session.json"],
    ["run", "hi"],
  ]) {
    for (const most of [least, least + 2]) {
      const { exitCode, stderr } = await limited(most, [...cliCommand(), ...argv]);
      expect(stderr).not.toMatch(/^ {4}at /m);
      if (!/files/.test(stderr)) continue;
      refused.push(`${argv[0]}`);
      expect([exitCode, stderr.split("\n")]).toEqual([
        2,
        [expect.stringMatching(/^looptrace: .*(?:too few files may be open|may open no more files).*`ulimit -n.*$/)],
      ]);
    }
  }
  expect(new Set(refused)).toEqual(new Set(["show", "trace", "run"]));
});

test("in a folder that is gone one line says so", async () => {
  const folder = await temporaryFolder();
  const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
  const { exitCode, stderr } = await execa("sh", ["-c", script, "sh", ...cliCommand(), "show", "x"], {
    cwd: folder,
    env,
    extendEnv: false,
    reject: false,
  });
  expect([exitCode, stderr]).toEqual([
    2,
    "looptrace: the working directory is gone, or may not be looked up.\nChange into another one.",
  ]);
});

test("a run whose opencode cannot be started has ended when it has said so, long before its deadline", async () => {
  const folder = await temporaryFolder();
  const opencode = join(folder, "opencode");
  await writeFile(opencode, "#!/nonexistent/sh\n", { mode: 0o755 });
  const around = { env: { ...env, LOOPTRACE_HOME: folder, LOOPTRACE_OPENCODE: opencode }, cwd: folder };
  const { child, ended } = startLooptrace(["run", "Go."], around);
  onTestFinished(() => void child.kill("SIGKILL"));
  const { code, stderr } = await ended;
  expect([code, stderr]).toEqual([2, expect.stringContaining("cannot be started")]);
});
