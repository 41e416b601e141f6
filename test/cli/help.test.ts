import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.js";
import { looptrace } from "../support/cli.js";

const around = { env: {}, cwd: tmpdir(), columns: 100 };
const COMMANDS = [
  "run",
  "batch",
  "worker",
  "trace",
  "attach",
  "watch",
  "show",
  "tokens",
  "tools",
  "advise",
  "diff",
  "check",
  "report",
  "view",
  "push",
  "verify",
  "dashboard",
  "trust",
  "doctor",
];

async function help(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await looptrace(argv, around);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

test.each(COMMANDS)("%s --help and help %s say the same, no line too long", async (command) => {
  const text = await help(command, "--help");
  expect(await help("help", command)).toBe(text);
  expect(text).toMatch(new RegExp(`^Usage: looptrace ${command} `));
  const options = text.slice(0, text.indexOf("Examples:") > 0 ? text.indexOf("Examples:") : text.length);
  expect(options.split("\n").filter((line) => line.length > 100)).toEqual([]);
  const examples = /\nExamples:\n(.*?)(?:\n\n|$)/s.exec(text)?.[1] ?? "";
  expect(examples.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

test("every exit code is explained", async () => {
  const text = await help("--help");
  for (const code of Object.values(EXIT)) expect(text).toMatch(new RegExp(`^ {2}${code}\\s{2,}\\S`, "m"));
  for (const command of COMMANDS) expect(text).toMatch(new RegExp(`^ {2}${command} `, "m"));
});

test("README names every command", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  for (const command of COMMANDS) expect(readme).toMatch(new RegExp(`\`(?:looptrace )?${command}[\` ]`));
});

test("every option of a command is described", async () => {
  for (const command of COMMANDS) {
    const lines = (await help(command, "--help")).split("\n").filter((line) => /^ {2}-/.test(line));
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(line).toMatch(/^ {2}(-\w, )?--[\w-]+( <[^>]+>| \[n\])?( {2,}\S.*)?$/);
  }
});

test("a directory is named the same way by every command that takes one", async () => {
  const named: string[] = [];
  for (const command of COMMANDS) {
    const text = await help(command, "--help");
    expect(text).not.toContain("--directory");
    if (/^ {2}-d, --dir <directory> {2,}\S/m.test(text)) named.push(command);
    else expect(text).not.toContain("--dir ");
  }
  expect(named).toEqual(["run", "batch", "worker", "attach", "watch"]);
});

test("progress is silenced the same way by every command that tells some", async () => {
  const silent: string[] = [];
  for (const command of COMMANDS) {
    const text = await help(command, "--help");
    if (/^ {2}-q, --quiet {2,}no (?:progress|notes)/m.test(text)) silent.push(command);
    else expect(text).not.toContain("--quiet");
  }
  const reading = ["show", "tokens", "tools", "advise", "context", "wire", "check", "report", "export", "verify"];
  const working = ["run", "batch", "worker", "experiment", "trace", "attach", "watch", "push"];
  const all = new Set([...working, ...reading]);
  expect(new Set(silent)).toEqual(new Set(COMMANDS.filter((command) => all.has(command))));
});
