import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Catalog } from "../../src/catalog/catalog.js";
import { type StorePaths, storePathsAt } from "../../src/files/store-paths.js";
import { looptrace } from "../support/cli.js";
import { keepFixture } from "../support/kept-store.js";

let folder = "";
let paths: StorePaths;
let id = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "looptrace-completion-"));
  paths = storePathsAt(join(folder, "looptrace"));
  id = await keepFixture(paths, "multistep@1.18.33");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const around = { env: { LOOPTRACE_HOME: join(folder, "looptrace") }, cwd: folder };
  const { code, stdout, stderr } = await looptrace(["__complete", "--", ...words], around);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout.split("\n").filter(Boolean);
}

const values = (lines: readonly string[]): readonly string[] => lines.map((line) => line.split("\t")[0] ?? "");

test.each<[words: readonly string[], expected: readonly string[]]>([
  [["adv"], ["advise\tsay what could have been spared, and how"]],
  [
    ["context", "--by", ""],
    ["owner\t", "segment\t"],
  ],
  [["context", "--by=seg"], ["--by=segment\t"]],
  // As bash takes the words apart.
  [["context", "--by", "=", "o"], ["owner\t"]],
  [
    ["context", "--by", "="],
    ["owner\t", "segment\t"],
  ],
  // Of definitions that are a parser's, too.
  [
    ["stats", "--by", "pr"],
    ["project\t", "pr\t"],
  ],
  [["stats", "--outcome", "comp"], ["completed\t"]],
  [
    ["export", "--format", ""],
    ["atif\t", "otlp\t"],
  ],
  [["run", "--driver", "s"], ["server\t"]],
  [["check", "--no-c"], ["--no-cache-breaks\tthe provider's cache may not break"]],
  [
    ["wire", "inst"],
    ["install\trecord the requests of opencode's TUI and of other servers too", ":files"],
  ],
  [
    ["completion", ""],
    ["bash\t", "zsh\t", "fish\t"],
  ],
  [["run", "--dir", ""], [":folders"]],
  [["report", "-o", ""], [":files"]],
  [["run", "--", "--mod"], []],
  [["show", "--width", ""], []],
  [["no-such-command", "--x", "y"], []],
  [["__"], []],
])("%j", async (words, expected) => {
  expect(await offered(...words)).toEqual(expected);
});

test("every command is offered, with what it does, and every flag", async () => {
  const { stdout } = await looptrace(["--help"], { env: {}, cwd: "/" });
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) .*$/gm)].map(([, name = ""]) => name);
  const known = commands.filter((name) => !["help", "looptrace"].includes(name));
  expect(values(await offered(""))).toEqual(expect.arrayContaining(known));
  const flags = values(await offered("tokens", "--"));
  expect(flags).toEqual(expect.arrayContaining(["--top", "--json", "--csv", "--last", "--help"]));
});

test("kept sessions by their ids, with their titles once there is an index; models and agents that they used", async () => {
  expect(values(await offered("show", "ses_"))).toEqual([id, ":files"]);
  const catalog = await Catalog.open({ paths, masking: false, environment: null });
  await catalog.refresh();
  await catalog.close();
  expect(await offered("show", "ses_")).toEqual([`${id}\tA scripted session`, ":files"]);
  expect(await offered("diff", "x.json", "ses_")).toEqual([`${id}\tA scripted session`, ":files"]);
  // As a person types them: short, or a word of the title.
  expect(await offered("show", "")).toContain(`${id.slice(4, 12)}\tA scripted session`);
  expect(await offered("show", "scri")).toEqual(["scripted\tA scripted session", ":files"]);
  expect(values(await offered("run", "--model", "scr"))).toEqual(["scripted/m1"]);
  expect(values(await offered("run", "--agent", ""))).toEqual(["build", "plan"]);
});

test("what goes wrong is not written into the command line", async () => {
  const around = { env: { LOOPTRACE_HOME: "/dev/null/there-is-no-such-folder" }, cwd: "/" };
  expect(await looptrace(["__complete", "--", "show", "ses_"], around)).toEqual({
    code: 0,
    stdout: ":files\n",
    stderr: "",
  });
});
