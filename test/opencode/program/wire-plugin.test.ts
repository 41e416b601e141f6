import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type ParseError, parse } from "jsonc-parser";
import { expect, onTestFinished, test } from "vitest";
import { installWirePlugin, uninstallWirePlugin, wirePlugin } from "../../../src/opencode/program/wire-plugin.js";

/** A home, with this configuration of opencode. */
async function homeWith(files: Readonly<Record<string, string>> = {}) {
  const home = await realpath(await mkdtemp(join(tmpdir(), "wire-plugin-")));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const folder = join(home, ".config", "opencode");
  for (const [name, text] of Object.entries(files)) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const plugin = join(home, ".local/share/looptrace/plugin/looptrace-wire.ts");
  const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  return { env: { HOME: home }, home, folder, plugin, url: pathToFileURL(plugin).href, read };
}

const COMMENTED = `{
    // My own.
    "model": "m", /* dear */
    "plugin": [
        "opencode-helper@1.0.0", // keep
    ],
}
`;

test("the plugin comes into a configuration and out of it again; all else stays to the byte", async () => {
  const { env, read, url, folder } = await homeWith({ "opencode.jsonc": COMMENTED, "package.json": "{}" });
  await chmod(join(folder, "opencode.jsonc"), 0o644);
  const { changes, state } = await installWirePlugin(env, true);
  expect(state).toBe("installed");
  expect(changes).toHaveLength(2);
  const text = await read("opencode.jsonc");
  expect(parse(text, [], { allowTrailingComma: true })).toEqual({ model: "m", plugin: ["opencode-helper@1.0.0", url] });
  for (const comment of ["// My own.", "/* dear */", "// keep"]) expect(text).toContain(comment);
  expect((await stat(join(folder, "opencode.jsonc"))).mode & 0o777).toBe(0o644);
  expect(await installWirePlugin(env, true)).toMatchObject({ changes: [], state: "installed" });
  expect(await read("opencode.jsonc")).toBe(text);
  expect(await uninstallWirePlugin(env)).toMatchObject({ state: "absent", changes: { length: 2 } });
  expect(parse(await read("opencode.jsonc"))).toEqual({ model: "m", plugin: ["opencode-helper@1.0.0"] });
  expect(await read("opencode.jsonc")).toContain("// keep");
  expect(await uninstallWirePlugin(env)).toMatchObject({ state: "absent", changes: [] });
});

test("where there is no configuration one is made; what is not needed any more goes with the plugin", async () => {
  const { env, read, url, folder, plugin } = await homeWith();
  await installWirePlugin(env, false);
  expect(JSON.parse(await read("opencode.json"))).toEqual({
    $schema: "https://opencode.ai/config.json",
    plugin: [url],
  });
  const about = JSON.parse(await readFile(join(plugin, "..", "installed.json"), "utf8"));
  expect(about).toMatchObject({ content: false, folder: (await wirePlugin(env)).recordings, seeded: folder });
  expect(existsSync(about.looptrace)).toBe(true);
  for (const path of [plugin, join(plugin, "..", "installed.json")])
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat((await wirePlugin(env)).recordings)).mode & 0o777).toBe(0o700);
  await uninstallWirePlugin(env);
  expect([existsSync(plugin), existsSync(folder), await readdir(folder)]).toEqual([false, true, []]);
});

test.each([
  ["a comment", (text: string) => `// mine\n${text}`],
  ["a setting", (text: string) => text.replace("{", '{ "model": "m",')],
])("a configuration that looptrace made stays when it holds %s since", async (_, edit) => {
  const { env, read, folder } = await homeWith();
  await installWirePlugin(env, true);
  await writeFile(join(folder, "opencode.json"), edit(await read("opencode.json")));
  await installWirePlugin(env, undefined);
  expect((await uninstallWirePlugin(env)).changes[0]).toMatch(/does not name the plugin any more/);
  expect(await read("opencode.json")).not.toContain("looptrace-wire");
});

test("one that was there before stays, also with nothing in it but its schema", async () => {
  const text = '{ "$schema": "https://opencode.ai/config.json" }';
  const { env, read } = await homeWith({ "opencode.json": text });
  await installWirePlugin(env, true);
  await uninstallWirePlugin(env);
  expect(JSON.parse(await read("opencode.json"))).toEqual(JSON.parse(text));
});

test("the choice of what is recorded is kept until another is made, and a change is told", async () => {
  const { env } = await homeWith({ "package.json": "{}" });
  expect(await wirePlugin(env)).toMatchObject({ content: null });
  expect(await installWirePlugin(env, undefined)).toMatchObject({ content: true });
  const off = await installWirePlugin(env, false);
  expect(off).toMatchObject({ content: false, changes: [expect.stringMatching(/^Sizes, hashes and times only/)] });
  expect(await installWirePlugin(env, undefined)).toMatchObject({ content: false, changes: [] });
  expect(await wirePlugin(env)).toMatchObject({ content: false });
  const on = await installWirePlugin(env, true);
  expect(on).toMatchObject({ content: true, changes: [expect.stringMatching(/^What is said, read and called/)] });
});

test("what opencode is kept from is told once, and what was made for it is told when it goes", async () => {
  const { env, folder } = await homeWith({ "opencode.json": "{}" });
  const lock = join(folder, "package-lock.json");
  expect((await installWirePlugin(env, true)).changes).toContainEqual(expect.stringContaining(`${lock} and an empty`));
  expect((await uninstallWirePlugin(env)).changes).toContainEqual(expect.stringContaining(`${lock} is removed`));
  expect(await readdir(folder)).toEqual(["opencode.json"]);
});

test("recordings stay, and are counted", async () => {
  const { env } = await homeWith();
  const { recordings } = await installWirePlugin(env, true);
  await writeFile(join(recordings, "1-a.jsonl"), "{}\n");
  expect(await uninstallWirePlugin(env)).toMatchObject({ recorded: 1, byHand: null });
  expect(existsSync(join(recordings, "1-a.jsonl"))).toBe(true);
});

test("a configuration in the words of opencode 2 gets it in its own", async () => {
  const { env, read, plugin } = await homeWith({ "opencode.json": '{ "providers": {} }' });
  await installWirePlugin(env, true);
  expect(JSON.parse(await read("opencode.json"))).toEqual({ providers: {}, plugins: [plugin] });
});

test("an entry of an earlier place is replaced", async () => {
  const { env, read, url } = await homeWith({
    "opencode.json": '{ "plugin": ["file:///old/looptrace-wire.js", "other"] }',
  });
  expect((await wirePlugin(env)).state).toBe("gone");
  await installWirePlugin(env, true);
  expect(JSON.parse(await read("opencode.json"))).toEqual({ plugin: ["other", url] });
});

test("what opencode would install for others is not kept from it", async () => {
  const { env, folder } = await homeWith({ "opencode.json": "{}" });
  await mkdir(join(folder, "tool"));
  const { changes } = await installWirePlugin(env, true);
  expect(changes.join("\n")).not.toContain("package-lock.json");
  expect(existsSync(join(folder, "node_modules"))).toBe(false);
});

test("what was installed since is left", async () => {
  const { env, folder } = await homeWith();
  await installWirePlugin(env, true);
  await writeFile(join(folder, "package-lock.json"), "{}");
  await uninstallWirePlugin(env);
  expect(existsSync(join(folder, "package-lock.json"))).toBe(true);
});

test.each([
  ['{ "plugin": ', /no JSON object/],
  ["[]", /no JSON object/],
  ['{ "plugin": {} }', /"plugin" in it is no list/],
])("a configuration that cannot be understood is not touched: %s", async (text, why) => {
  const { env, read, plugin, url, folder } = await homeWith({ "opencode.json": text });
  const { state, byHand } = await installWirePlugin(env, true);
  expect([state, byHand]).toEqual(["unnamed", expect.stringMatching(why)]);
  expect(byHand).toContain(JSON.stringify(url));
  expect(byHand?.split(join(folder, "opencode.json"))).toHaveLength(2);
  expect(await read("opencode.json")).toBe(text);
  expect(existsSync(plugin)).toBe(true);
  expect(await uninstallWirePlugin(env)).toMatchObject({ state: "absent", byHand: null });
  expect([existsSync(plugin), await read("opencode.json")]).toEqual([false, text]);
});

test.each([
  ["{}", "plugin"],
  ['{ "providers": {} }', "plugins"],
])("a link is not written to; what is added by hand behind it counts: %s", async (text, key) => {
  const { env, folder, home, plugin } = await homeWith({ "package.json": "{}" });
  const dotfile = join(home, "dotfile.json");
  await writeFile(dotfile, text);
  await symlink(dotfile, join(folder, "opencode.json"));
  const { state, byHand } = await installWirePlugin(env, true);
  expect([state, existsSync(plugin)]).toEqual(["unnamed", true]);
  expect(byHand).toContain(`to the list "${key}"`);
  expect(byHand?.split(join(folder, "opencode.json"))).toHaveLength(2);
  expect(await readFile(dotfile, "utf8")).toBe(text);

  const [, entry = ""] = /Add "([^"]+)"/.exec(byHand ?? "") ?? [];
  const byUser = JSON.stringify({ ...JSON.parse(text), [key]: ["other", entry] });
  await writeFile(dotfile, byUser);
  expect((await wirePlugin(env)).state).toBe("installed");
  expect(await installWirePlugin(env, true)).toMatchObject({ state: "installed", changes: [], byHand: null });

  const gone = await uninstallWirePlugin(env);
  expect(gone).toMatchObject({ state: "gone", byHand: expect.stringMatching(/looptrace-wire.ts out of the list/) });
  expect([existsSync(plugin), await readFile(dotfile, "utf8")]).toEqual([false, byUser]);
});

test("a link to nothing names nothing", async () => {
  const { env, folder, home } = await homeWith({ "package.json": "{}" });
  await symlink(join(home, "dotfile.json"), join(folder, "opencode.json"));
  expect((await installWirePlugin(env, true)).byHand).toContain("a file that is not there");
  expect(await uninstallWirePlugin(env)).toMatchObject({ state: "absent", byHand: null });
});

test.each([
  '["a", "b" /* b */, // b\n "OURS"]',
  '["OURS", "a", "b"]',
  '["a", /* a */ "OURS", "b"]',
  '[\n// first\n"a",\n"b",\n// last\n"OURS"\n// end\n]',
  '["a", "b", "OURS",]',
])("it is taken out of whatever stands around it: %j", async (list) => {
  const text = `{ "plugin": ${list.replace("OURS", "/x/looptrace-wire.js")} }`;
  const { env, read } = await homeWith({ "opencode.jsonc": text });
  await uninstallWirePlugin(env);
  const left = await read("opencode.jsonc");
  const errors: ParseError[] = [];
  expect(parse(left, errors, { allowTrailingComma: true })).toEqual({ plugin: ["a", "b"] });
  expect(errors).toEqual([]);
  const comments = (of: string): readonly string[] => of.match(/\/\*.*?\*\/|\/\/.*/g) ?? [];
  expect(comments(left)).toEqual(comments(text));
});
