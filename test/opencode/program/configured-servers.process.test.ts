import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { configuredServers } from "../../../src/opencode/program/configured-servers.js";

let root: string;
let home: string;
let project: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "configured-servers-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  home = join(root, "home");
  project = join(root, "repository", "packages", "app");
  await mkdir(join(root, "repository", ".git"), { recursive: true });
  await mkdir(project, { recursive: true });
});

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const mcp = (servers: object): string => JSON.stringify({ mcp: servers });
const server = { type: "local", command: ["true"] };

async function found(
  environment: Readonly<Record<string, string>> = {},
  more: { readonly projectConfig?: boolean; readonly directory?: string } = {},
): Promise<readonly string[]> {
  return [
    ...(await configuredServers({
      directory: project,
      environment: { HOME: home, ...environment },
      ...more,
    })),
  ].sort();
}

describe("the files that opencode reads", () => {
  test("the user's own, with comments and trailing commas", async () => {
    await put(
      join(home, ".config", "opencode", "opencode.jsonc"),
      '// mine\n{ "mcp": { "my_team.db": { "type": "local", "command": ["x"], }, /* and */ "日本": {} }, }',
    );
    await put(join(home, ".config", "opencode", "config.json"), mcp({ old: server }));
    expect(await found()).toEqual(["my_team.db", "old", "日本"]);
    await put(join(root, "xdg", "opencode", "opencode.json"), mcp({ xdg: server }));
    expect(await found({ XDG_CONFIG_HOME: join(root, "xdg") })).toEqual(["xdg"]);
  });

  test("the project's, up to the root of its repository and no higher", async () => {
    await put(join(root, "opencode.json"), mcp({ outside: server }));
    await put(join(root, "repository", "opencode.json"), mcp({ top: server }));
    await put(join(root, "repository", "packages", ".opencode", "opencode.jsonc"), mcp({ middle: server }));
    await put(join(project, "opencode.jsonc"), mcp({ here: server }));
    expect(await found()).toEqual(["here", "middle", "top"]);
    expect(await found({}, { projectConfig: false })).toEqual([]);
    expect(await found({ OPENCODE_DISABLE_PROJECT_CONFIG: "1" })).toEqual([]);
    expect(await found({ OPENCODE_DISABLE_PROJECT_CONFIG: "1" }, { projectConfig: true })).toEqual([
      "here",
      "middle",
      "top",
    ]);
  });

  test("what the environment names, and its text", async () => {
    await put(join(root, "named.json"), mcp({ named: server }));
    await put(join(root, "folder", "opencode.json"), mcp({ folder: server }));
    expect(
      await found({
        OPENCODE_CONFIG: join(root, "named.json"),
        OPENCODE_CONFIG_DIR: join(root, "folder"),
        OPENCODE_CONFIG_CONTENT: mcp({ inline: server }),
      }),
    ).toEqual(["folder", "inline", "named"]);
  });
});

test("a server that is off is none; what is more special counts", async () => {
  await put(
    join(home, ".config", "opencode", "opencode.json"),
    mcp({ a: server, b: server, c: { ...server, enabled: false } }),
  );
  await put(join(project, "opencode.json"), mcp({ a: { enabled: false }, c: { enabled: true } }));
  expect(await found()).toEqual(["b", "c"]);
});

test("a configuration of opencode 2 has them one level deeper, and says otherwise that one is off", async () => {
  const servers = { a: server, b: { ...server, disabled: true } };
  await put(join(project, "opencode.json"), mcp({ timeout: { startup: 5 }, servers }));
  expect(await found()).toEqual(["a"]);
  // One of 1.x may be called so.
  await put(join(project, "opencode.json"), mcp({ servers: server }));
  expect(await found()).toEqual(["servers"]);
});

test.each([
  ["nothing", ""],
  ["no JSON", '{"mcp": {"a"'],
  ["a list", '{"mcp": ["a"]}'],
  ["another type", '{"mcp": 7}'],
])("%s configures nothing", async (_, text) => {
  await put(join(project, "opencode.json"), text);
  const names = await found();
  expect(names.filter((name) => name !== "a")).toEqual([]);
});

test("only a regular file of a configuration's size is read", async () => {
  await put(join(project, "opencode.json"), `${mcp({ huge: server })}${" ".repeat(1024 * 1024)}`);
  expect(await found()).toEqual([]);
  await rm(join(project, "opencode.json"));
  await mkdir(join(project, "opencode.json"));
  expect(await found()).toEqual([]);
  if (process.platform === "win32") return;
  // Opening a pipe that nobody writes to would wait for ever.
  execFileSync("mkfifo", [join(project, "opencode.jsonc")]);
  expect(await found()).toEqual([]);
});

test("a directory that is not there, or none at all", async () => {
  expect(await found({}, { directory: join(root, "gone", "away") })).toEqual([]);
  expect(await found({}, { directory: "" })).toEqual([]);
});
