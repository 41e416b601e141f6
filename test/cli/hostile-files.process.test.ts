import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { looptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";

let cwd: string;
const { text } = loadFixture("plain-answer@1.18.33");
const at = (name: string): string => join(cwd, name);
const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "hostile-files-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(at("opencode"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  await writeFile(at("tasks.jsonl"), '"Say hello."\n');
});

const call = (...argv: string[]) =>
  looptrace(argv, {
    env: {
      PATH: process.env.PATH,
      HOME: cwd,
      LOOPTRACE_HOME: at("store"),
      LOOPTRACE_OPENCODE: at("opencode"),
    },
    cwd,
  });

test.each<[string, string[], (() => Promise<unknown> | unknown) | undefined, string]>([
  ["a device as export", ["show", "/dev/zero"], undefined, "/dev/zero: it is longer than the 1 MB that are read."],
  [
    "a link to a device",
    ["trace", "link"],
    () => symlink("/dev/zero", at("link")),
    "link: it is longer than the 1 MB that are read.",
  ],
  [
    "an export of a gigabyte",
    ["show", "big.json"],
    async () => {
      await writeFile(at("big.json"), "");
      await truncate(at("big.json"), 1024 ** 3);
    },
    "big.json: it is longer than the 512 MB that are read.",
  ],
  ["a name that is too long", ["show", `${"x".repeat(300)}.json`], undefined, "name too long"],
  [
    "a session's name that is too long",
    ["show", "x".repeat(300)],
    undefined,
    `looptrace: ${"x".repeat(199)}…: there is`,
  ],
  [
    "results of a name that is too long",
    ["batch", "tasks.jsonl", "-o", "x".repeat(300)],
    undefined,
    "the name is too long",
  ],
  [
    "a pipe as results",
    ["batch", "tasks.jsonl", "-o", "pipe"],
    () => execFileSync("mkfifo", [at("pipe")]),
    "it is no regular file",
  ],
  ["a device as schema", ["run", "--schema", "/dev/zero", "Go."], undefined, "--schema /dev/zero cannot be read"],
  [
    "a device as system prompt",
    ["run", "--system-file", "/dev/zero", "Go."],
    undefined,
    "--system-file /dev/zero cannot be read",
  ],
  [
    "a deep schema",
    ["run", "--schema", "s.json", "Go."],
    () => writeFile(at("s.json"), `{"a":${deep(100_000)}}`),
    "--schema s.json is nested too deeply (more than 500 levels).",
  ],
  [
    "a deep configuration",
    ["trace", "e.json"],
    async () => {
      await writeFile(at("e.json"), text);
      await writeFile(at("looptrace.config.json"), `{"metadata":{"a":${deep(100_000)}}}`);
    },
    "looptrace.config.json is nested too deeply (more than 500 levels).",
  ],
  [
    "a configuration of brackets",
    ["trace", "e.json"],
    () => writeFile(at("looptrace.config.json"), deep(100_000)),
    "looptrace.config.json is nested too deeply (more than 500 levels).",
  ],
  [
    "a folder as configuration",
    ["trace", "e.json"],
    () => mkdir(at("looptrace.config.json")),
    "looptrace.config.json cannot be read: it is no file",
  ],
  [
    "a pipe as configuration",
    ["trace", "e.json"],
    () => execFileSync("mkfifo", [at("looptrace.config.json")]),
    "looptrace.config.json cannot be read: it is no file",
  ],
  [
    "an export of brackets",
    ["show", "e.json"],
    () => writeFile(at("e.json"), deep(100_000)),
    "this is JSON, but not an opencode export",
  ],
  [
    "a file to write that is full",
    ["check", "e.json", "--max-steps", "9", "--junit", "/dev/full"],
    () => writeFile(at("e.json"), text),
    "the disk is full",
  ],
])("%s: what is wrong and what to do, exit code 2", async (_, argv, prepare, says) => {
  await prepare?.();
  const { code, stderr } = await call(...argv);
  expect(code).toBe(2);
  expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
  expect(stderr).toContain(says);
  expect(stderr).not.toMatch(/\n\s+at |should not happen/);
});

test("a pipe that was named is read to its end, as shells make one of <(…)", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  await writeFile(at("e.json"), text);
  const writer = spawn("/bin/sh", ["-c", 'cat "$1" > "$2"', "sh", at("e.json"), at("pipe")]);
  onTestFinished(() => void writer.kill("SIGKILL"));
  const { code, stdout } = await call("show", "pipe");
  expect(code).toBe(0);
  expect(stdout).toBe((await call("show", "e.json")).stdout);
});

test("what is nested deeply in an export harms nobody", async () => {
  const broken = text.replace(/"agent": "build"/, `"agent": "build", "extra": ${deep(50_000)}`);
  expect(broken).not.toBe(text);
  await writeFile(at("e.json"), broken);
  for (const argv of [["show"], ["trace"], ["tokens"], ["tools"], ["show", "--json"]])
    expect((await call(...argv, "e.json")).code).toBe(0);
});
