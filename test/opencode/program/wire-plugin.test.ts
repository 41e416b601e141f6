import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
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
  expect(JSON.parse(await read("opencode.json"))).toEqual({ $schema: "https://opencode.ai/config.json" });
  expect([existsSync(plugin), existsSync(join(folder, "package-lock.json"))]).toEqual([false, false]);
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
  const { env, read, plugin } = await homeWith({ "opencode.json": text });
  await expect(installWirePlugin(env, true)).rejects.toThrow(why);
  expect(await read("opencode.json")).toBe(text);
  expect(existsSync(plugin)).toBe(false);
});

test("a link is not followed, and it is said what to write there", async () => {
  const { env, folder, home, url } = await homeWith({ "package.json": "{}" });
  await writeFile(join(home, "dotfile.json"), "{}");
  await symlink(join(home, "dotfile.json"), join(folder, "opencode.json"));
  await expect(installWirePlugin(env, true)).rejects.toThrow(url);
  expect(await readFile(join(home, "dotfile.json"), "utf8")).toBe("{}");
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
