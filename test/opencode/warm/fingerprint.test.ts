import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { ServerSpec } from "../../../src/opencode/server/server-spec.js";
import { changesBetween, fingerprintOf, tooMuchConfiguration } from "../../../src/opencode/warm/fingerprint.js";

let home: string;
let spec: ServerSpec;

const put = async (name: string, text: string): Promise<void> => {
  await mkdir(dirname(join(home, name)), { recursive: true });
  await writeFile(join(home, name), text);
};
const AUTH = ".local/share/opencode/auth.json";
const login = (access: string, refresh = "r") =>
  put(AUTH, JSON.stringify({ anthropic: { type: "oauth", access, refresh, expires: access.length } }));

beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), "fingerprint-")));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  await put("bin/opencode", "#!/bin/sh\n");
  await put(".config/opencode/opencode.json", '{"plugin":["../../plugins/own.ts"]}');
  await put("plugins/own.ts", "export const own = 1;");
  await put("work/opencode.json", "{}");
  await login("a");
  spec = {
    ...{ path: join(home, "bin/opencode"), directory: join(home, "work"), projectConfig: false, wire: "off" },
    environment: { HOME: home, PATH: "/usr/bin", ANTHROPIC_API_KEY: "secret" },
  };
});

/** What a change makes of the fingerprint, in words; undefined where it stays the same. */
async function told(change: () => Promise<void> | void, before = spec): Promise<string | undefined> {
  const was = fingerprintOf(before);
  await change();
  const is = fingerprintOf(spec);
  if (!was || !is) throw new Error("there is no fingerprint");
  const words = changesBetween(was.parts, is.parts);
  expect(was.key === is.key).toBe(words === undefined);
  return words;
}

const set = (variables: ServerSpec["environment"]) => (): void => {
  spec = { ...spec, environment: { ...spec.environment, ...variables } };
};
const become = (change: Partial<ServerSpec>) => (): void => {
  spec = { ...spec, ...change };
};

test.each<[what: string, change: () => Promise<void> | void, words: string]>([
  ["a key", set({ ANTHROPIC_API_KEY: "other" }), "the variable ANTHROPIC_API_KEY changed"],
  ["a new variable", set({ HTTPS_PROXY: "http://proxy" }), "the variable HTTPS_PROXY is new"],
  ["one that is gone", set({ ANTHROPIC_API_KEY: undefined }), "the variable ANTHROPIC_API_KEY is gone"],
  ["the configuration", () => put(".config/opencode/opencode.json", "{}"), "~/.config/opencode/opencode.json changed"],
  ["a plugin that it names", () => put("plugins/own.ts", "export {};"), "~/plugins/own.ts changed"],
  ["an agent", () => put(".config/opencode/agent/a.md", "You."), "~/.config/opencode/agent/a.md is new"],
  ["a login", () => login("a", "another"), "auth.json changed"],
  ["an update of opencode", () => put("bin/opencode", "#!/bin/sh\n#"), "opencode changed"],
  ["the system prompt", become({ systemPrompt: "Be brief." }), "the system prompt changed"],
  ["a tool server", become({ mcp: [{ name: "a", url: "http://a" }] }), "the tool servers changed"],
])("%s makes another server", async (_, change, words) => {
  expect(await told(change)).toContain(words);
});

test.each<[what: string, change: () => Promise<void> | void]>([
  ["what a shell sets anew", set({ PWD: "/elsewhere", OLDPWD: "/", SHLVL: "3", _: "/usr/bin/env" })],
  ["what no opencode gets", set({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector", LOOPTRACE_WARM: "1h" })],
  ["an access that was renewed", () => login("renewed")],
  ["the project's configuration, which is not read", () => put("work/opencode.json", '{"model":"a/b"}')],
  ["the agent that is asked", become({ agent: "plan" })],
  [
    "what opencode itself puts there",
    async () => {
      await put(".config/opencode/node_modules/a/index.js", "");
      await put(".config/opencode/.gitignore", "node_modules");
      await put(".config/opencode/bun.lock", "");
    },
  ],
])("%s makes no other", async (_, change) => {
  expect(await told(change)).toBeUndefined();
});

test("with --project-config the project's configuration counts, up to its repository", async () => {
  spec = { ...spec, projectConfig: true };
  const inside = spec;
  expect(await told(() => put("work/opencode.json", '{"model":"a/b"}'), inside)).toBe("~/work/opencode.json changed");
  await mkdir(join(home, "work/.git"));
  await put("opencode.json", "{}");
  expect(await told(() => put("opencode.json", '{"model":"a/b"}'), inside)).toBeUndefined();
});

test("opencode's own package is not counted, those of a person are", async () => {
  const dependencies = (own: string) => JSON.stringify({ dependencies: { "@opencode-ai/plugin": own } });
  expect(await told(() => put(".config/opencode/package.json", dependencies("1")))).toBeUndefined();
  expect(await told(() => put(".config/opencode/package.json", dependencies("2")))).toBeUndefined();
  const more = JSON.stringify({ dependencies: { "@opencode-ai/plugin": "2", other: "1" } });
  expect(await told(() => put(".config/opencode/package.json", more))).toContain("package.json is new");
});

test("values are in none of it, and where there is more than is looked through there is none", async () => {
  expect(JSON.stringify(fingerprintOf(spec))).not.toMatch(/secret|usr\/bin/);
  await put(".config/opencode/command/0.md", "");
  for (let at = 1; at < 520; at += 1) writeFileSync(join(home, `.config/opencode/command/${at}.md`), "");
  const why: string[] = [];
  expect(fingerprintOf(spec, (text) => why.push(text))).toBeUndefined();
  expect([tooMuchConfiguration(spec)]).toEqual(why);
  expect(why).toEqual([
    "opencode's configuration has more than 512 files, most of the files in ~/.config/opencode/command",
  ]);
});

test("of too much configuration the folder is told that holds most of it, also where that is in many others", async () => {
  expect(tooMuchConfiguration(spec)).toBeUndefined();
  for (let at = 0; at < 600; at += 1) {
    const folder = join(home, `.claude/skills/${at}`);
    await mkdir(folder, { recursive: true });
    writeFileSync(join(folder, "SKILL.md"), "");
  }
  expect(tooMuchConfiguration(spec)).toMatch(/ in ~\/\.claude\/skills$/);
  await rm(join(home, ".claude"), { recursive: true });
  await put(".config/opencode/1/2/3/4/5/6/7/8/deep.md", "");
  expect(tooMuchConfiguration(spec)).toMatch(/has folders more than 8 deep, such as ~\/\.config\/opencode\/1\/2/);
});
