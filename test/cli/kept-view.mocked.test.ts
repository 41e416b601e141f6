import { appendFile, mkdir, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { StorePaths } from "../../src/files/store-paths.js";
import { looptrace } from "../support/cli.js";
import { keepFixture } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";

const built = vi.hoisted(() => ({ digest: "0123456789abcdef" }));
vi.mock("../../src/cli/build-digest.js", () => ({
  get BUILD_DIGEST() {
    return built.digest;
  },
}));

/** Stands in a view alone: what is shown of it was not read again. */
const MARK = "told by the view";

let paths: StorePaths;
let cwd: string;
let env: Record<string, string>;

beforeEach(async () => {
  built.digest = "0123456789abcdef";
  paths = await temporaryStore();
  cwd = await realpath(dirname(paths.root));
  env = { HOME: cwd, LOOPTRACE_HOME: paths.root };
  // All that is kept was kept a while ago.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

async function show(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await looptrace(["show", ...argv], { env, cwd });
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

const viewOf = (id: string): string => join(paths.root, "views", `${id}.json`);

/** Keeps a view that says what no session does. */
async function marked(id: string): Promise<void> {
  await show(id);
  const text = await readFile(viewOf(id), "utf8");
  const { title } = JSON.parse(text).view.turns[0].view.head;
  await writeFile(viewOf(id), text.replaceAll(JSON.stringify(title), JSON.stringify(MARK)));
  expect(await show(id)).toContain(MARK);
}

test.each(["multistep@1.18.33", "parallel-subagents@1.18.33", "two-turns@1.18.33", "doom-loop@1.18.33"])(
  "%s is shown again as it was, and as it is without a view",
  async (name) => {
    const id = await keepFixture(paths, name);
    const ways = [
      [],
      ["--width", "40"],
      ["--width", "200"],
      ["--errors"],
      ["--depth", "1"],
      ["--slow", "1s"],
      ["--turn", "1"],
    ];
    built.digest = "";
    const read: string[] = [];
    for (const way of ways) read.push(await show(id, ...way));
    await expect(readFile(viewOf(id))).rejects.toThrow("ENOENT");
    built.digest = "0123456789abcdef";
    await marked(id);
    await rm(viewOf(id));
    for (const [index, way] of ways.entries()) expect(await show(id, ...way)).toBe(read[index]);
    await readFile(viewOf(id));
    for (const [index, way] of ways.entries()) expect(await show(id, ...way)).toBe(read[index]);
  },
);

describe("a view does not count", () => {
  let id: string;
  beforeEach(async () => {
    id = await keepFixture(paths, "parallel-subagents@1.18.33");
    await marked(id);
  });

  test.each<readonly [string, () => Promise<unknown>]>([
    ["the export", () => appendFile(join(paths.sessions, `${id}.json`), "\n")],
    ["the log", () => appendFile(join(paths.sessions, `${id}.log`), "\n")],
    ["how a run ended", () => writeFile(join(paths.sessions, `${id}.run-1-a-0.json`), "{}")],
    ["that a process drives it", () => writeFile(join(paths.sessions, `${id}.owner-a-0.json`), "{}")],
  ])("when it changes: %s", async (_, change) => {
    await change();
    expect(await show(id)).not.toContain(MARK);
  });

  test("when a subagent's session changes or goes, or the one of another one comes", async () => {
    const { ids } = JSON.parse(await readFile(viewOf(id), "utf8")).origin;
    const child = join(paths.sessions, `${ids[1]}.json`);
    await rename(child, `${child}.away`);
    expect(await show(id)).not.toContain(MARK);
    await marked(id);
    await rename(`${child}.away`, child);
    expect(await show(id)).not.toContain(MARK);
  });

  test("for another build, other prices, other tool servers", async () => {
    built.digest = "fedcba9876543210";
    expect(await show(id)).not.toContain(MARK);
    await marked(id);
    const config = join(cwd, "looptrace.config.json");
    await writeFile(config, JSON.stringify({ prices: { "*": { free: true } } }));
    expect(await show(id)).not.toContain(MARK);
    await rm(config);
    await marked(id);
    env.OPENCODE_CONFIG_CONTENT = JSON.stringify({ mcp: { weather: { type: "local", command: ["weather"] } } });
    expect(await show(id)).not.toContain(MARK);
  });

  test("where other masking is asked for, and for what is no tree", async () => {
    expect(await show(id, "--mask", "x{9}")).not.toContain(MARK);
    expect(await show(id, "--no-mask")).not.toContain(MARK);
    expect(await show(id, "--json")).not.toContain(MARK);
    expect(await show(id, "--step", "0")).not.toContain(MARK);
    const { stderr } = await looptrace(["show", id, "--turn", "9"], { env, cwd });
    expect(stderr).toContain("There is no turn 9");
  });

  test.each<readonly [string, (view: Record<string, unknown>) => unknown]>([
    ["no turns", () => ({})],
    ["turns that are none", () => ({ turns: 7, advice: null })],
    ["no turns, though advice", () => ({ turns: [], advice: MARK })],
    ["a turn without anything", ({ turns }) => ({ turns: Array.isArray(turns) ? [...turns, null] : [], advice: null })],
    ["a turn without a view", () => ({ turns: [{ turn: 0, turns: 1 }], advice: null })],
    ["a turn without its rows", () => ({ turns: [{ turn: 0, turns: 1, view: { head: {} } }], advice: null })],
    ["advice that is no text", ({ turns }) => ({ turns, advice: {} })],
  ])("when it is damaged, and is made anew: %s", async (_, damage) => {
    const kept = JSON.parse(await readFile(viewOf(id), "utf8"));
    await writeFile(viewOf(id), JSON.stringify({ ...kept, view: damage(kept.view) }));
    const read = await show(id);
    expect(read).not.toContain(MARK);
    expect(JSON.parse(await readFile(viewOf(id), "utf8")).view.turns).toHaveLength(1);
    expect(await show(id)).toBe(read);
  });

  test("when the session is gone, and goes with it", async () => {
    await rm(join(paths.sessions, `${id}.json`));
    await looptrace(["show", id], { env, cwd });
    await expect(readFile(viewOf(id))).rejects.toThrow("ENOENT");
  });

  test("when it is cut, or a link", async () => {
    const text = await readFile(viewOf(id), "utf8");
    await writeFile(viewOf(id), text.slice(0, -9));
    expect(await show(id)).not.toContain(MARK);
    await marked(id);
    await rename(viewOf(id), join(cwd, "elsewhere.json"));
    await symlink(join(cwd, "elsewhere.json"), viewOf(id));
    expect(await show(id)).not.toContain(MARK);
  });
});

test("a secret of the environment is masked, whether the view was made with it or without", async () => {
  const secret = "hunter2hunter2hunter2";
  const id = await keepFixture(paths, "multistep@1.18.33", (text) => {
    const session = JSON.parse(text);
    session.info.title = `the title with ${secret}`;
    return JSON.stringify(session);
  });
  expect(await show(id)).toContain(secret);
  await readFile(viewOf(id));
  env.SERVICE_TOKEN = secret;
  const told = await show(id);
  expect(told).not.toContain(secret);
  await rm(viewOf(id));
  expect(await show(id)).toBe(told);
  await expect(readFile(viewOf(id))).rejects.toThrow("ENOENT");
  delete env.SERVICE_TOKEN;
  expect(await show(id)).toContain(secret);
});

test("nothing is kept where the directory is masked: whose tool servers it had cannot be asked", async () => {
  const id = await keepFixture(paths, "multistep@1.18.33", (text) => {
    const session = JSON.parse(text);
    session.info.directory = "/home/[masked: SERVICE_TOKEN]/project";
    return JSON.stringify(session);
  });
  await show(id);
  await expect(readFile(viewOf(id))).rejects.toThrow("ENOENT");
});

test("the index takes away the views of sessions that are gone", async () => {
  const [gone, kept] = [await keepFixture(paths, "multistep@1.18.33"), await keepFixture(paths, "doom-loop@1.18.33")];
  await show(gone);
  await show(kept);
  await rm(join(paths.sessions, `${gone}.json`));
  await looptrace(["__index"], { env, cwd });
  await expect(readFile(viewOf(gone))).rejects.toThrow("ENOENT");
  await readFile(viewOf(kept));
});

test("nothing is kept of what was kept a moment ago, and the views of sessions that are gone go with the next one", async () => {
  const gone = await keepFixture(paths, "multistep@1.18.33");
  await show(gone);
  await rm(join(paths.sessions, `${gone}.json`));
  vi.useRealTimers();
  const id = await keepFixture(paths, "doom-loop@1.18.33");
  await show(id);
  await expect(readFile(viewOf(id))).rejects.toThrow("ENOENT");
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  await show(id);
  await readFile(viewOf(id));
  await expect(readFile(viewOf(gone))).rejects.toThrow("ENOENT");
});

test("a folder among the views is in the way of none", async () => {
  await mkdir(join(paths.root, "views", "another"), { recursive: true, mode: 0o700 });
  await marked(await keepFixture(paths, "multistep@1.18.33"));
});
