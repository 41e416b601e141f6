import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { StorePaths } from "../../src/files/store-paths.js";
import { looptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";
import { keepFixture, keptAt } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";

const FINE = loadFixture("multistep@1.18.33").session.info.id;
const FAILED = loadFixture("provider-401@1.18.33").session.info.id;
const PLAIN = loadFixture("plain-answer@1.18.33").session.info.id;

/** Three sessions: two of the same title, and kept in this order. */
async function store(): Promise<StorePaths> {
  const paths = await temporaryStore();
  const titled = (title: string) => (text: string) => text.replaceAll("A scripted session", title);
  await keepFixture(paths, "plain-answer@1.18.33");
  await keepFixture(paths, "provider-401@1.18.33", titled("Refused key of the tests"));
  await keepFixture(paths, "multistep@1.18.33", titled("Parser: fix the tests"));
  for (const [index, id] of [PLAIN, FAILED, FINE].entries()) await keptAt(paths, id, (index + 1) * 1_000_000);
  return paths;
}

async function run(paths: StorePaths, ...argv: string[]) {
  return await looptrace(argv, { env: { LOOPTRACE_HOME: paths.root, PATH: "" }, cwd: paths.root });
}

/** Which session `show` shows. */
async function shown(paths: StorePaths, ...names: string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await run(paths, "show", "--json", ...names);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("the last session")]);
  return (JSON.parse(stdout) as readonly { session: { id: string } }[]).map(({ session }) => session.id);
}

test("a session is named by its id, the beginning of it, and words of its title", async () => {
  const paths = await store();
  for (const name of [FINE, FINE.slice(0, 14), FINE.slice(4, 14), "parser", "FIX parser", "Parser: fix the tests"])
    expect(await shown(paths, name), name).toEqual([FINE]);
  expect(await shown(paths, "refused", FINE.slice(4, 12))).toEqual([FAILED, FINE]);
});

test("a short beginning of an id is one where no title has it, and behind ses_ always", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33");
  for (const length of [1, 2, 3]) {
    expect(FINE.slice(4, 4 + length)).not.toMatch(/^\d+$/);
    expect(await shown(paths, FINE.slice(4, 4 + length))).toEqual([FINE]);
    expect(await shown(paths, FINE.slice(0, 4 + length))).toEqual([FINE]);
  }
  await keepFixture(paths, "plain-answer@1.18.33", (text) =>
    text.replaceAll("A scripted session", `Fix ${FINE.slice(4, 7)}`),
  );
  expect(await shown(paths, FINE.slice(4, 7))).toEqual([PLAIN]);
  expect((await run(paths, "show", FINE.slice(0, 7))).stderr).toMatch(/^looptrace: ses_e03 may be any of 2 sessions/);
});

test("a number is that of the last list; before there was one, of all", async () => {
  const paths = await store();
  const all = JSON.parse((await run(paths, "ls", "--json")).stdout) as readonly { id: string }[];
  expect(await shown(paths, "3")).toEqual([all[2]?.id]);
  await run(paths, "ls", "--failed");
  expect(await shown(paths, "1")).toEqual([FAILED]);
  expect(await run(paths, "show", "2")).toMatchObject({
    code: 2,
    stderr:
      "looptrace: 2: no session has that number: the last list had one, number 1.\n`looptrace ls` prints a new one.\n",
  });
});

test("a name that several have lists them, and one that none has says so", async () => {
  const paths = await store();
  const several = await run(paths, "show", "tests");
  expect(several.code).toBe(2);
  expect(several.stderr).toMatch(/^looptrace: tests may be any of 2 sessions that have it in their title\./);
  expect(several.stderr).toContain(`  ${FINE.slice(4, 12)}  Parser: fix the tests · completed · `);
  expect(several.stderr).toContain(`  ${FAILED.slice(4, 12)}  Refused key of the tests · authentication_failed · `);
  const same = FINE.slice(4)
    .split("")
    .findIndex((digit, index) => digit !== FAILED[4 + index]);
  if (same >= 4) expect((await run(paths, "show", FINE.slice(4, 4 + same))).stderr).toMatch(/that begin so/);
  const none = await run(paths, "show", "nowhere");
  expect(none).toMatchObject({ code: 2, stdout: "" });
  expect(none.stderr).toMatch(
    /^looptrace: nowhere: there is no such file, and no kept session has it .*\n`looptrace ls` lists them; .*--grep nowhere` searches their texts\.\n$/,
  );
});

test("a file comes before a session of that name", async () => {
  const paths = await store();
  const fixture = fileURLToPath(new URL("../../fixtures/plain-answer@1.18.33/session.json", import.meta.url));
  await copyFile(fixture, join(paths.root, "parser"));
  expect(await shown(paths, "parser")).toEqual([PLAIN]);
});

// As `report`, which needs the pages that are built: see report.process.test.ts.
test.each(["show", "tokens", "tools", "check"])(
  "%s means the last session where none is named, and says so",
  async (command) => {
    const paths = await store();
    const more = command === "check" ? ["--max-steps", "99"] : [];
    const { code, stderr } = await run(paths, command, ...more);
    expect(code).toBe(0);
    expect(stderr).toContain(`looptrace: the last session, “Parser: fix the tests” (${FINE})\n`);
  },
);

test("diff means the last two, the earlier one first", async () => {
  const paths = await store();
  const { code, stdout, stderr } = await run(paths, "diff", "--json");
  expect(code).toBe(0);
  expect(stderr).toContain(
    `looptrace: the last two sessions, “Refused key of the tests” (${FAILED}) and “Parser: fix the tests” (${FINE})\n`,
  );
  expect(JSON.parse(stdout)).toMatchObject({ a: { sessionId: FAILED }, b: { sessionId: FINE } });
  const named = await run(paths, "diff", "--json", "parser", FAILED.slice(4, 12));
  expect(JSON.parse(named.stdout)).toMatchObject({ a: { sessionId: FINE }, b: { sessionId: FAILED } });
  expect(await run(paths, "diff", "parser")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/The other one is missing/),
  });
});

test("where nothing is kept the defaults say what to do", async () => {
  const paths = await temporaryStore();
  expect(await run(paths, "diff")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/Fewer than two sessions are kept\.\n/),
  });
  expect(await run(paths, "show", "1")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^looptrace: No session is kept yet[\s\S]*looptrace run[\s\S]*looptrace ls --all/),
  });
  const bare = { LOOPTRACE_HOME: paths.root, HOME: paths.root, PATH: paths.root };
  const missing = "No session is kept yet, and there is no opencode to ask: `npm install -g opencode-ai` installs it.";
  for (const argv of [["show", "1"], ["ls"]])
    expect((await looptrace(argv, { env: bare, cwd: "/" })).stderr).toContain(missing);
});

test("what sends, or writes what others read, takes none by default", async () => {
  const paths = await store();
  for (const argv of [["trace"], ["export", "--format", "atif"]])
    expect(await run(paths, ...argv)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/Which session is not said\./),
    });
});

test("a list that was tampered with names nothing outside of the store", async () => {
  const paths = await store();
  await run(paths, "ls");
  await writeFile(join(paths.root, "catalog", "last-list.json"), '["../../etc/passwd"]');
  const all = JSON.parse((await run(paths, "ls", "--json")).stdout) as readonly { id: string }[];
  expect(await shown(paths, "1")).toEqual([all[0]?.id]);
});

test("a beginning that a session shares with its own subagents alone is the session's", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "subagent@1.18.33");
  const [child] = loadFixture("subagent@1.18.33").subagents;
  const beginning = id.slice(0, 8);
  expect(child?.info.id.startsWith(beginning)).toBe(true);
  expect(await shown(paths, beginning)).toEqual([id]);
});

test("a beginning that only subagents share, and not the session that they are of, lists these", async () => {
  const paths = await temporaryStore();
  const { session, subagents } = loadFixture("subagent@1.18.33");
  const child = subagents[0]?.info.id ?? "";
  const [one, other] = ["ses_zzzz1aaaaaaaaaaaaaaaaaaaaa", "ses_zzzz2aaaaaaaaaaaaaaaaaaaaa"];
  await keepFixture(paths, "subagent@1.18.33", (text) => text.replaceAll(child, one));
  await copyFile(join(paths.sessions, `${child}.json`), join(paths.sessions, `${one}.json`));
  const text = (await readFile(join(paths.sessions, `${one}.json`), "utf8")).replaceAll(one, other);
  await writeFile(join(paths.sessions, `${other}.json`), text, { mode: 0o600 });
  expect(session.info.id).not.toContain("zzzz");
  expect(await run(paths, "show", "zzzz")).toEqual({
    code: 2,
    stdout: "",
    stderr:
      "looptrace: zzzz may be any of 2 subagents' sessions that begin so.\nName one by more of its id:\n  zzzz1aaa\n  zzzz2aaa\n",
  });
});
