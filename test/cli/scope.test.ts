import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type StorePaths, storePathsAt } from "../../src/files/store-paths.js";
import { looptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";
import { keepFixture } from "../support/kept-store.js";

let paths: StorePaths;
let here: string;
let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "scope-")));
  paths = storePathsAt(join(folder, "looptrace"));
  here = join(folder, "shop");
  await mkdir(join(here, ".git"), { recursive: true });
  await mkdir(join(here, "src"));
  const ofShop = (text: string): string => text.replaceAll("/home/dev/project", here);
  await keepFixture(paths, "multistep@1.18.33", ofShop);
  await keepFixture(paths, "subagent@1.18.33");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(argv: readonly string[], home = paths.root) {
  const env = { LOOPTRACE_HOME: home, HOME: folder, PATH: "" };
  return await looptrace(argv, { env, cwd: join(here, "src") });
}

const COMMANDS = [
  ["show", "--json"],
  ["tokens", "--json"],
  ["tools", "--json"],
  ["advise", "--json"],
  ["check", "--max-steps", "99", "--json"],
  ["export", "--format", "atif"],
  ["trace", "--json"],
];

test.each(COMMANDS)(
  "%s means this project's sessions with --all, and another one's with --project",
  async (...argv) => {
    const mine = await run([...argv, "--all"]);
    expect(mine.stderr).toContain(`looptrace: 1 session of this project (${here})\n`);
    expect(mine.code).toBe(0);
    const others = await run([...argv, "--since", "2000-01-01", "--project", "project"]);
    expect(others.stderr).toContain("looptrace: 1 session of the project project, since 2000-01-01T00:00Z\n");
    expect((await run([...argv, "--all", "--project", "nowhere"])).stderr).toContain(
      "No kept session is of the project nowhere.\n",
    );
    expect((await run([...argv, "--since", "1s"])).stderr).toMatch(
      /No session of this project .* is kept, since .*no opencode to ask\.\n/,
    );
  },
);

test.each([["show"], ["tokens"], ["tools"], ["advise"], ["report"], ["check", "--no-errors"], ["ls"], ["stats"], []])(
  "where nothing is kept %s says what is missing, and the same two commands to try",
  async (...argv) => {
    const { stdout, stderr } = await run(argv, join(paths.root, "nothing"));
    expect(`${stdout}${stderr}`).toMatch(
      /No session is kept yet[\s\S]*\n {2}looptrace run "What is in this folder\?" .*\n {2}looptrace ls --all /,
    );
  },
);

test.each([
  [["show", ""], /^looptrace: "": this names no session\.\nIs a variable not set\?/],
  [["show", "0"], /^looptrace: 0: no session has that number: the last list had numbers 1 to 2\.\n/],
  [["show", "-1"], /^looptrace: -1: no session has that number/],
  [["tokens", "--top", "0", "1"], /^looptrace: --top 0: Give a whole number of 1 or more\.\n/],
  [
    ["ls", "--grep", "zzz", "--failed"],
    /^None of the 2 kept sessions fits --grep "zzz" and --failed\.\nLeave one of them out/,
  ],
  [
    ["show", "ses_00000000000000000000000000"],
    /^looptrace: No kept session is "ses_0+", and opencode is not there .*\nInstall it with `npm install -g opencode-ai` .*\nLooked at:\n {2}- /,
  ],
])("%j says what was wrong, and what to do", async (argv, said) => {
  expect((await run(argv)).stderr).toMatch(said);
});

test("tokens --top takes a number, and what is none is a session", async () => {
  const id = loadFixture("multistep@1.18.33").session.info.id;
  const rows = async (...argv: string[]) => (await run(["tokens", ...argv])).stdout;
  expect((await rows("--top", "2", id)).match(/and \d+ smaller/g)).toHaveLength(1);
  expect(await rows("--top", id)).toBe(await rows(id, "--top"));
});
