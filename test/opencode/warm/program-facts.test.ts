import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { programFacts, versionFileOf } from "../../../src/opencode/warm/program-facts.js";

let home: string;
let env: Readonly<Record<string, string>>;

beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), "program-facts-")));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  env = { HOME: home, LOOPTRACE_HOME: join(home, ".local/share/looptrace") };
});

async function put(name: string, text: string): Promise<string> {
  const path = join(home, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o755 });
  return path;
}
const script = (text: string): string => `#!/usr/bin/env bash\n${text}\n`;

/** Whether what is known of a program is another one after a change. */
async function changes(path: string, change: () => Promise<unknown>): Promise<boolean> {
  const before = programFacts(path, env);
  expect(programFacts(path, env)).toBe(before);
  await change();
  return programFacts(path, env) !== before;
}

test.each<[what: string, shim: string, text: string, change: readonly [name: string, text: string]]>([
  ["asdf's own", ".asdf/shims/opencode", 'exec asdf exec "opencode" "$@"', [".tool-versions", "opencode 1.18.0"]],
  ["an install of asdf's", ".asdf/shims/opencode", "", [".asdf/installs/opencode/1.18.0/bin/opencode", ""]],
  ["mise's", ".local/share/mise/shims/opencode", "", [".config/mise/config.toml", '[tools]\nopencode="1.18"']],
  [
    "an install of mise's",
    ".local/share/mise/shims/opencode",
    "",
    [".local/share/mise/installs/npm-opencode-ai/1/x", ""],
  ],
  ["nodenv's", ".nodenv/shims/opencode", "", [".nodenv/version", "22.0.0"]],
  [
    "one in a Node.js",
    ".nodenv/shims/opencode",
    "",
    [".nodenv/versions/22/lib/node_modules/opencode-ai/package.json", ""],
  ],
  ["proto's", ".proto/shims/opencode", "", [".proto/.prototools", 'opencode = "1.18"']],
  ["an install of proto's", ".proto/shims/opencode", "", [".proto/tools/opencode/1.18.0/opencode", ""]],
])("%s shim: a change is one of opencode", async (_, shim, text, [name, content]) => {
  const path = await put(shim, script(text));
  expect(await changes(path, () => put("work/notes.md", "opencode"))).toBe(false);
  expect(await changes(path, () => put(name, content))).toBe(true);
});

test("volta's link: an update changes it", async () => {
  const path = join(home, ".volta/bin/opencode");
  await put(".volta/volta-shim", "");
  await mkdir(dirname(path), { recursive: true });
  await symlink("../volta-shim", path);
  expect(await changes(path, () => put(".volta/tools/user/bins/opencode.json", '{"version":"1"}'))).toBe(true);
  expect(await changes(path, () => put(".volta/tools/image/packages/opencode-ai/lib/a", ""))).toBe(true);
});

test("a script of one's own: the programs that it names count, and no file that it only reads", async () => {
  const real = await put("apps/opencode", "1");
  const path = await put("bin/opencode", script(`cat /proc/uptime\nexec "${real}" "$@"`));
  expect(await changes(path, async () => undefined)).toBe(false);
  expect(await changes(path, () => put("apps/opencode", "22"))).toBe(true);
  await put("pnpm/store/opencode", "1");
  const pnpm = await put("pnpm/opencode", script('exec node  "$basedir/store/opencode" "$@"'));
  expect(await changes(pnpm, () => put("pnpm/store/opencode", "22"))).toBe(true);
  // What is no script is not looked into.
  const binary = await put("opencode", `\x7fELF ${real}`);
  expect(await changes(binary, () => chmod(real, 0o700))).toBe(false);
});

test("a version file of a directory counts where it can choose an opencode", async () => {
  const shim = await put(".asdf/shims/opencode", script(""));
  const work = join(home, "work/inner");
  await mkdir(work, { recursive: true });
  const file = (path = shim): string | undefined => versionFileOf(path, work, env);
  await put(".tool-versions", "opencode 1.18.0");
  expect(file()).toBeUndefined();
  const own = await put("work/.tool-versions", "nodejs 22.0.0");
  expect(file()).toBeUndefined();
  await put(".asdf/installs/nodejs/22.0.0/lib/node_modules/opencode-ai/package.json", "{}");
  expect(file()).toBe(own);
  await put("work/.tool-versions", "opencode 1.15.0");
  expect(file()).toBe(own);
  expect(file(await put("bin/opencode", ""))).toBeUndefined();
});

test.each<[name: string, text: string, counts: boolean]>([
  ["mise.toml", '[tools]\nruby = "3"\n[tasks.env]\nrun = "true"', false],
  ["mise.toml", '[env]\nOPENAI_BASE_URL = "http://127.0.0.1"', true],
  [".mise.toml", 'env._.file = ".env"', true],
  ["mise.local.toml", '[tools]\n"npm:opencode-ai" = "1.15.0"', true],
  [".mise/config.toml", 'tools.opencode = "1.15.0"', true],
  [".config/mise/conf.d/agents.toml", 'tools.opencode = "1.15.0"', true],
  ["mise.test.toml", 'tools.opencode = "1.15.0"', true],
  ["mise.other.toml", 'tools.opencode = "1.15.0"', false],
])("mise's shim, and %s of a project with %j: %s", async (name, text, counts) => {
  const shim = await put(".local/share/mise/shims/opencode", script(""));
  const file = await put(`work/${name}`, text);
  const variables = { ...env, MISE_ENV: "ci, test" };
  expect(versionFileOf(shim, join(home, "work/inner"), variables)).toBe(counts ? file : undefined);
  // For a user alone, and not for a project, it is one of opencode's facts.
  const before = programFacts(shim, variables);
  await put(name, `${text}\n#`);
  expect(programFacts(shim, variables) !== before).toBe(name !== "mise.other.toml");
});

test("volta's link, and a project with an opencode of its own", async () => {
  const path = join(home, ".volta/bin/opencode");
  await put(".volta/volta-shim", "");
  await mkdir(dirname(path), { recursive: true });
  await symlink("../volta-shim", path);
  await put("work/package.json", '{"dependencies":{"@opencode-ai/plugin":"1"}}');
  expect(versionFileOf(path, join(home, "work"), env)).toBeUndefined();
  const own = await put("work/package.json", '{"devDependencies": {"opencode-ai": "1.15.0"}}');
  expect(versionFileOf(path, join(home, "work"), env)).toBe(own);
  const shim = await put(".asdf/shims/opencode", script(""));
  expect(versionFileOf(shim, join(home, "work"), env)).toBeUndefined();
});
