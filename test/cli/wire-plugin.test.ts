import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type CliResult, looptrace } from "../support/cli.js";

async function home() {
  const path = await realpath(await mkdtemp(join(tmpdir(), "cli-wire-plugin-")));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  const run = (...argv: string[]): Promise<CliResult> =>
    looptrace(["wire", ...argv], { env: { HOME: path }, cwd: path });
  return { path, run };
}

test("install and uninstall say what they did, what is recorded, and what stays", async () => {
  const { path, run } = await home();
  const wire = join(path, ".local/share/looptrace/wire");
  expect((await run("install")).stdout).toContain(`${wire}: what is said, read and called, not masked`);
  const off = await run("install", "--no-content");
  expect(off).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Sizes, hashes and times only are recorded now/),
  });
  expect((await run("install")).stdout).toMatch(/^All is there already.*\n.*: sizes, hashes and times only/);
  expect(JSON.parse((await run("install", "--content", "--json")).stdout)).toMatchObject({ content: true });

  await writeFile(join(wire, "1-a.jsonl"), "{}\n");
  const { code, stdout } = await run("uninstall");
  expect(code).toBe(0);
  expect(stdout).toContain(`1 recording stays in ${wire}, not masked. Delete that folder`);
  for (const name of ["opencode.json, which looptrace had made", "plugin is removed", "package-lock.json is removed"])
    expect(stdout).toContain(name);
  await rm(join(wire, "1-a.jsonl"));
  expect((await run("uninstall")).stdout).toBe("It was not installed.\n");
});

test("what is left to do by hand is said, and is no success", async () => {
  const { path, run } = await home();
  await mkdir(join(path, ".config/opencode"), { recursive: true });
  await writeFile(join(path, "dotfile.json"), "{}");
  await symlink(join(path, "dotfile.json"), join(path, ".config/opencode/opencode.json"));
  const { code, stdout, stderr } = await run("install");
  expect([code, stderr]).toEqual([2, ""]);
  expect(stdout).toMatch(/opencode.json is not changed: it is a link.* Add "file:.*\nWith that opencode records/);
  expect(stdout).not.toContain("All is there");
});

test.each(["install", "uninstall"])("wire %s --help has a description and examples", async (command) => {
  const { run } = await home();
  const { code, stdout } = await run(command, "--help");
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Usage: looptrace wire ${command} .*\\n\\n\\S.*opencode's configuration`));
  expect(stdout).toContain(`Examples:\n  looptrace wire ${command}\n`);
});
