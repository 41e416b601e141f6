import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { sharedPackage } from "../support/built-package.js";
import { cliEnvironment, looptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { TSC } from "../support/declarations.js";
import { loadFixture } from "../support/fixtures.js";
import { answer, madeScenario, usage } from "../support/play-run.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type WarmOpenCode, warmOpenCode } from "../support/warm-opencode.js";
import { type Block, namesIn, pages, REPOSITORY } from "./pages.js";
import { cut, type ShellCommand, shellCommands } from "./shell-block.js";

allowColdStarts();

const COMMAND = { command: "echo hello", description: "Says hello" };
const REPLIES = Array.from({ length: 60 }, (_, index) => [
  { text: "I look.", usage, toolCalls: [{ id: `call_${index}`, name: "bash", arguments: COMMAND }] },
  answer,
]).flat();

/** A project in which opencode is at hand, with the files that the examples name, and a Langfuse. */
let bench: WarmOpenCode;
let receiver: Receiver;
let env: Record<string, string>;

beforeAll(async () => {
  receiver = await startReceiver();
  // The examples look at all sessions of their project.
  bench = await warmOpenCode(madeScenario(REPLIES), { fresh: true });
  const store = join(bench.home, "looptrace");
  env = { ...cliEnvironment(bench, receiver), LOOPTRACE_HOME: store };
  const { text, subagentTexts } = loadFixture("subagent@1.18.33");
  const files = {
    "parent.json": text,
    "child.json": subagentTexts[0] ?? "",
    "before.json": loadFixture("multistep@1.18.33").text,
    "after.json": loadFixture("failing-tool@1.18.33").text,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(bench.workdir, name), content);
  const run = await looptrace(["run", "Say hello."], { env, cwd: bench.workdir });
  expect([run.code, run.stdout], run.stderr).toEqual([0, "Done.\n"]);
});

afterAll(async () => {
  await bench?.remove();
  await receiver?.close();
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** looptrace in this process, everything else as a shell would. */
async function runCommand(command: ShellCommand, exported: Record<string, string>): Promise<Ran> {
  const [program = "", ...argv] = command.words;
  const around = { env: { ...env, ...exported, ...command.env }, cwd: bench.workdir };
  if (program === "looptrace") return await looptrace(argv, around);
  if (program === "export") {
    Object.assign(exported, Object.fromEntries(argv.map(cut)));
    return { code: 0, stdout: "", stderr: "" };
  }
  const { exitCode, stdout, stderr } = await execa(program, argv, {
    ...around,
    reject: false,
    stripFinalNewline: false,
  });
  return { code: exitCode ?? -1, stdout, stderr };
}

async function runBlock(text: string): Promise<void> {
  const exported: Record<string, string> = {};
  let wanted = true;
  for (const command of shellCommands(text, env)) {
    if (!wanted) continue;
    const ran = await runCommand(command, exported);
    const { output, joint, words } = command;
    if (output?.append) await appendFile(join(bench.workdir, output.path), ran.stdout);
    else if (output) await writeFile(join(bench.workdir, output.path), ran.stdout);
    if (joint === "|") throw new Error("a pipe is not played here: mark the block with what it needs");
    expect(ran.code, `${words.join(" ")}\n${ran.stderr}`).toBe(0);
    wanted = joint !== "||";
  }
}

/** The examples of TSDoc in the sources; one that a program can copy imports what it uses. */
async function tsdocExamples(): Promise<readonly Pick<Block, "page" | "text">[]> {
  const paths = (await readdir(join(REPOSITORY, "src"), { recursive: true })).filter((path) => /\.ts$/.test(path));
  const found = paths.map(async (path) => {
    const text = await readFile(join(REPOSITORY, "src", path), "utf8");
    const blocks = text.matchAll(/^ *\* @example\n *\* ```ts\n((?: *\*.*\n)*?) *\* ```$/gm);
    return [...blocks].map(([, block = ""]) => ({ page: path, text: block.replace(/^ *\* ?/gm, "") }));
  });
  return (await Promise.all(found)).flat();
}

const runnable = pages
  .map(({ path, blocks }) => ({
    path,
    blocks: blocks.filter(({ language, info }) => language === "sh" && info === ""),
  }))
  .filter(({ blocks }) => blocks.length > 0);

test("most pages have an example that runs here", () => {
  expect(runnable.length).toBeGreaterThan(9);
});

describe.each(runnable)("$path", ({ blocks }) => {
  test.each(blocks.map(({ text }) => [text]))("%s", async (text) => {
    await runBlock(text);
  });
});

test.each([
  ["run", ["run", "Say hello."]],
  ["trace", ["trace", "before.json"]],
  ["report", ["report", "before.json", "-o", "before.html"]],
])("docs/json.md has the fields that %s prints", async (title, argv) => {
  const { stdout, stderr } = await looptrace([...argv, "--json"], { env, cwd: bench.workdir });
  expect(stdout, stderr).not.toBe("");
  const fields = Object.keys(z.record(z.string(), z.unknown()).parse(JSON.parse(stdout)));
  expect(namesIn("docs/json.md", title).toSorted()).toEqual(fields.toSorted());
});

test("what is shown in TypeScript compiles, on the pages and beside what the library exports", async () => {
  const shown = pages.flatMap((page) => page.blocks).filter(({ language }) => language === "ts");
  const beside = await tsdocExamples();
  expect(shown.length).toBeGreaterThan(4);
  expect(beside.length).toBeGreaterThan(9);
  const blocks = [...shown, ...beside];
  const folder = await mkdtemp(join(tmpdir(), "docs-examples-"));
  try {
    await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"), "junction");
    await mkdir(join(folder, "src"));
    for (const [index, { page, text }] of blocks.entries()) {
      const name = `${page.replaceAll(/\W/g, "-")}-${index}.ts`;
      await writeFile(join(folder, "src", name), `${text}\nexport {};\n`);
    }
    const { declarations: types } = await sharedPackage();
    const paths = {
      looptrace: [join(types, "index.d.ts")],
      "looptrace/fleet": [join(types, "fleet/index.d.ts")],
      "looptrace/otel": [join(types, "opentelemetry/index.d.ts")],
    };
    const tsconfig = {
      extends: join(REPOSITORY, "tsconfig.json"),
      compilerOptions: { paths, noUnusedLocals: false },
      include: [join(folder, "src")],
      exclude: [],
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
    await writeFile(join(folder, "package.json"), '{"type":"module"}');
    const { exitCode, stdout } = await execa(process.execPath, [...TSC, "-p", folder], { reject: false });
    expect([exitCode, stdout]).toEqual([0, ""]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
