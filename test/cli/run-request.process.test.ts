import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { errorFactsSchema } from "../../src/errors/error-facts.js";
import { looptrace } from "../support/cli.js";
import { fakeOpenCode, type RecordedRun } from "./fake-opencode.js";

/** What opencode is called with for a command line. */
async function handedOver(argv: readonly string[], stdin = ""): Promise<RecordedRun> {
  const { env, cwd, lastRun } = await fakeOpenCode();
  const { code } = await looptrace(["run", ...argv], { env, cwd, stdin });
  expect(code).toBe(2);
  return lastRun();
}

test.each([
  { words: ["Fix", "the", "test"], message: "Fix the test" },
  { words: ['say "hi"', "$HOME"], message: 'say "hi" $HOME' },
  { words: ["- first\n- second"], message: "- first\n- second" },
  { words: ["--model is ignored, fix it"], message: "--model is ignored, fix it" },
  { words: ["-m is ignored, fix it"], message: "-m is ignored, fix it" },
  { words: ["-c", "-q is too quiet"], message: "-q is too quiet" },
])("the message of $words", async ({ words, message }) => {
  expect((await handedOver(words)).stdin).toBe(message);
});

test("a message that begins with a hyphen comes in by standard input as it is", async () => {
  expect((await handedOver(["-"], "-x\0ü\r\n")).stdin).toBe("-x\0ü\r\n");
});

test("an option's value may begin with a hyphen and hold white space", async () => {
  const { argv, stdin } = await handedOver(["--title", "-m is ignored", "hi"]);
  expect(stdin).toBe("hi");
  expect(argv).toContain("--title=-m is ignored");
});

test("every option of opencode's reaches it, what stands behind -- last", async () => {
  const { env, cwd, lastRun } = await fakeOpenCode();
  await mkdir(join(cwd, "below"));
  await writeFile(join(cwd, "a.txt"), "");
  await writeFile(join(cwd, "prompt.txt"), "Be exact.");
  const options = ["-m", "p/m", "--agent", "build", "--variant", "high", "-d", "below", "-f", "a.txt"];
  const more = ["--file", "prompt.txt", "-s", "ses_1", "--fork", "--title", "T", "--auto"];
  const prompt = ["--system-file", "prompt.txt", "--mcp", "t=http://127.0.0.1:9/mcp"];
  await looptrace(["run", ...options, ...more, ...prompt, "hi", "--", "--share", "-x", "--", "y"], {
    env,
    cwd,
  });
  const run = await lastRun();
  expect(run.argv).toEqual([
    "run",
    "--format=json",
    "--print-logs",
    "--log-level=INFO",
    `--file=${cwd}/a.txt`,
    `--file=${cwd}/prompt.txt`,
    `--dir=${cwd}/below`,
    "--model=p/m",
    "--agent=build",
    "--variant=high",
    "--session=ses_1",
    "--title=T",
    "--fork",
    "--auto",
    "--share",
    "-x",
    "--",
    "y",
  ]);
  expect([run.cwd, run.stdin]).toEqual([join(cwd, "below"), "hi"]);
  expect(JSON.parse(run.config ?? "")).toEqual({
    agent: { build: { prompt: "Be exact." } },
    mcp: { t: { type: "remote", url: "http://127.0.0.1:9/mcp", enabled: true } },
  });
});

test("--continue, and settings from the file where no option says otherwise", async () => {
  const { env, cwd, path, lastRun } = await fakeOpenCode();
  const config = { opencode: "../opencode", model: "p/file", agent: "plan", variant: "low" };
  await writeFile(join(cwd, "looptrace.config.json"), JSON.stringify(config));
  await mkdir(join(cwd, "deep"));
  await mkdir(join(cwd, ".git"));
  // The file's path is relative to the file, wherever the command is called.
  const { LOOPTRACE_OPENCODE: _, ...without } = env;
  const trusting = { ...without, LOOPTRACE_TRUST: cwd };
  const below = { env: trusting, cwd: join(cwd, "deep") };
  await looptrace(["run", "-c", "--model", "p/flag", "hi"], below);
  expect((await lastRun()).argv.slice(4)).toEqual([
    `--dir=${cwd}/deep`,
    "--model=p/flag",
    "--agent=plan",
    "--variant=low",
    "--continue",
  ]);
  // The environment comes before the file.
  const named = { ...below, env: { ...trusting, LOOPTRACE_OPENCODE: `${path}-other` } };
  const { code, stderr } = await looptrace(["run", "hi"], named);
  expect(code).toBe(2);
  expect(stderr).toContain("The opencode that LOOPTRACE_OPENCODE names cannot be started");
});

test("an opencode that cannot start: its line that says why, what to do, and exit 2", async () => {
  const { env, cwd, path } = await fakeOpenCode();
  await writeFile(
    path,
    `#!/bin/sh
[ "$1" = --version ] && echo 1.18.33 && exit 0
printf "EACCES: permission denied, mkdir '/data/opencode'\\n    path: 1,\\n syscall: 2,\\n   errno: 3,\\n    code: 4\\nBun v1\\n" >&2
exit 1
`,
  );
  const { code, stdout, stderr } = await looptrace(["run", "hi"], { env, cwd });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /\nlooptrace: start_failed: opencode could not be started, .* put right what it says.* \(opencode ended with exit code 1 before there was a session: EACCES: permission denied, mkdir '\/data\/opencode'\)\n$/,
  );
  const json = await looptrace(["run", "--json", "--quiet", "hi"], { env, cwd });
  expect(json.code).toBe(2);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: "start_failed", exitCode: 1 }, sessionId: null });
  // A server that a schema needs, say, is no `opencode run`.
  const served = await looptrace(["run", "--driver", "server", "hi"], { env, cwd });
  expect(served.code).toBe(2);
  expect(served.stderr).toContain("opencode said: EACCES: permission denied, mkdir '/data/opencode'\n");
});

test("a run that is refused has its JSON too: why, and else nothing", async () => {
  const { env, cwd, path } = await fakeOpenCode();
  const nothing = {
    ...{
      sessionId: null,
      runId: null,
      text: null,
      output: null,
      opencode: null,
      driver: null,
      server: null,
      exit: null,
    },
    ...{ attempts: [], totals: expect.objectContaining({ steps: 0, cost: null }), traces: [] },
    ...{ notes: [], urls: {}, delivery: [] },
  };
  const refused = async (argv: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const { code, stdout, stderr } = await looptrace(["run", "--json", ...argv], { env: { ...env, ...more }, cwd });
    expect(code).toBe(2);
    const { error, ...others } = JSON.parse(stdout);
    expect(others).toEqual(nothing);
    expect(errorFactsSchema.parse(error)).toEqual(error);
    // The whole message is on stderr, where it may have several lines.
    expect(stderr.replace(/\s+/g, " ")).toContain(error.message);
    return error;
  };
  expect(await refused(["--model", "nonsense", "hi"])).toMatchObject({ code: "invalid_request", reason: "start" });
  expect((await refused(["--warm", "5m", "--cold", "hi"])).message).toMatch(/^--warm does not go with --cold: /);
  expect((await refused(["--session", "nonsense", "hi"])).code).toBe("invalid_request");
  expect((await refused([])).message).toMatch(/^no message\. Say what to do/);
  const none = await refused(["hi"], { LOOPTRACE_OPENCODE: `${path}-other` });
  expect(none).toMatchObject({ code: "start_failed", message: expect.stringContaining("cannot be started") });
});

test("opencode's last words stand beside a failure that nothing else explains", async () => {
  const { env, cwd, path } = await fakeOpenCode();
  await writeFile(
    path,
    '#!/bin/sh\n[ "$1" = --version ] && echo 1.18.33 && exit 0\nprintf "no \\033[31mluck\\n" >&2\nexit 7\n',
  );
  const { code, stdout, stderr } = await looptrace(["run", "hi"], { env, cwd });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /^starting opencode\nlooptrace: All that opencode said is kept in .+\nlooptrace: start_failed: .*exit code 7.*: no luck\)\n$/,
  );
});

test("an opencode that ends well without having done anything is no success", async () => {
  const { env, cwd, path } = await fakeOpenCode();
  await writeFile(path, "#!/bin/sh\necho 1.18.33\n");
  const { code, stderr } = await looptrace(["run", "hi", "--", "--help"], { env, cwd });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^starting opencode\nlooptrace: unknown: .+\n$/);
});
