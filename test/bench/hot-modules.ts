/**
 * Finds which modules of the command line are needed together, by playing runs on a warm server of either generation,
 * with and without a Langfuse that they send to, and `show` of what they have kept, first and once more, and writes them
 * to `src/build/hot-modules.ts`. To be done again when many modules have moved: what is not listed is found all the same,
 * a little later.
 *
 *   npm run build && LOOPTRACE_TEST_OPENCODE2=<path> npx tsx test/bench/hot-modules.ts && npm run build
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { OPENCODE2_VARIABLE, realOpencode2 } from "../support/real-opencode2.js";
import { benchLangfuse } from "./bench-langfuse.js";
import { builtPath } from "./built.js";
import { keepExport, writeExports } from "./processes.js";
import { promptOf, quickSessions } from "./quick-sessions.js";
import { timed } from "./timed.js";

/** Which modules are loaded, in their order, and when the prompt is sent. */
const HOOK = `
const { writeFileSync } = require("node:fs");
const Module = require("node:module");
const told = [];
const load = Module._load;
Module._load = function (request, ...rest) {
  const module = load.call(this, request, ...rest);
  if (!/packs\\.js$/.test(request) || module.isWatched) return module;
  const inner = module.load;
  Object.assign(module, { isWatched: true, load: (pack, name) => (told.push(name), inner(pack, name)) });
  return module;
};
require("node:diagnostics_channel").subscribe("http.client.request.start", ({ request }) => {
  if (request.method === "POST" && /\\/(?:message|prompt)/.test(request.path)) told.push(">");
});
process.on("exit", () => writeFileSync(process.env.BENCH_TOLD, JSON.stringify(told)));
`;

/** What a run needs until its prompt is sent, and after it. */
function halvesOf(name: string, told: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const sent = told.indexOf(">");
  const before = told.slice(0, sent);
  return { [name]: before, [`${name}-end`]: told.slice(sent).filter((one) => one !== ">" && !before.includes(one)) };
}

/** To find and read a file takes as long as to compile so much that is not needed, in characters. */
const SMALL_PACK = 12_000;

/** How long the modules are, in characters, by their names. */
async function sizesOfModules(): Promise<ReadonlyMap<string, number>> {
  const folder = builtPath("cli");
  const packs = (await readdir(folder)).filter((file) => file.endsWith(".pack.js"));
  const load = createRequire(join(folder, "main.js"));
  return new Map(
    packs.flatMap((file) =>
      Object.entries(load(`./${file}`)).map(([name, run]) => [name, String(run).length] as const),
    ),
  );
}

/** A pack for what the same commands need, so that none reads what it does not; a few come to a pack that more need. */
function packsOf(
  needed: Readonly<Record<string, readonly string[]>>,
  sizes: ReadonlyMap<string, number>,
): Readonly<Record<string, readonly string[]>> {
  const groups = new Map<string, { readonly users: readonly string[]; readonly names: string[] }>();
  for (const name of new Set(Object.values(needed).flat())) {
    const users = Object.entries(needed).flatMap(([user, names]) => (names.includes(name) ? [user] : []));
    const group = groups.get(users.join()) ?? { users, names: [] };
    groups.set(users.join(), group);
    group.names.push(name);
  }
  const sizeOf = ({ names }: { readonly names: readonly string[] }): number =>
    names.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  const smallestFirst = [...groups].toSorted(([, one], [, other]) => sizeOf(one) - sizeOf(other));
  for (const [key, { users, names }] of smallestFirst) {
    if (sizeOf({ names }) > SMALL_PACK) continue;
    // What has been read until a prompt is there after it.
    const wider = [...groups.values()]
      .filter((one) => one.names !== names)
      .filter((one) => users.every((user) => one.users.includes(user) || one.users.includes(user.replace("-end", ""))))
      .toSorted((one, other) => one.users.length - other.users.length)[0];
    if (!wider) continue;
    wider.names.push(...names);
    groups.delete(key);
  }
  return Object.fromEntries([...groups.values()].map(({ users, names }) => [`hot-${users.join("_")}`, names]));
}

const second = realOpencode2();
if (second === undefined) throw new Error(`${OPENCODE2_VARIABLE} names no opencode 2, of whose runs some modules are`);

const bench = await isolatedOpenCode(quickSessions(6));
const langfuse = await benchLangfuse();
try {
  const hook = join(bench.home, "hook.cjs");
  const told = join(bench.home, "told.json");
  await writeFile(hook, HOOK);
  const home = join(bench.home, "looptrace");
  let keys: Readonly<Record<string, string>> = {};
  const playOn = async (opencode: string, ...args: readonly string[]): Promise<readonly string[]> => {
    await timed(bench, process.execPath, ["-r", hook, builtPath("cli/main.js"), ...args], {
      ...{ LOOPTRACE_OPENCODE: opencode, LOOPTRACE_HOME: home, LOOPTRACE_WARM: "10m", BENCH_TOLD: told, ...keys },
    });
    return JSON.parse(await readFile(told, "utf8"));
  };
  const play = (...args: readonly string[]) => playOn(openCodeBinary(), ...args);
  // The first one starts the server.
  await play("run", "--quiet", promptOf(0));
  const run = await play("run", "--quiet", promptOf(1));
  const sessions = join(home, "sessions");
  const names = await readdir(sessions);
  const id = names.find((name) => /^ses_\w+\.json$/.test(name))?.replace(".json", "") ?? "";
  const show = new Set<string>();
  const view = new Set<string>();
  const playShow = async (session: string): Promise<void> => {
    // What was just written does not count as settled yet: no view of it is kept before.
    do {
      for (const name of await play("show", session)) show.add(name);
    } while (!existsSync(join(home, "views", `${session}.json`)));
    for (const name of await play("show", session)) view.add(name);
  };
  await playShow(id);
  // One that was kept without the names of opencode's tool servers.
  for (const name of names.filter((one) => one.includes(".mcp-"))) await rm(join(sessions, name));
  await playShow(id);
  // And a long one, with subagents, failed tools and what was masked.
  const [file = ""] = await writeExports(bench.home, 0.5);
  await playShow(await keepExport(file, home));
  keys = langfuse.env;
  // Such keys make another server.
  await play("run", "--quiet", promptOf(2));
  const sending = await play("run", "--quiet", promptOf(3));
  keys = {};
  // Last: what has had opencode 2 is no store of opencode 1 any more.
  await playOn(second, "run", "--quiet", promptOf(4));
  const run2 = await playOn(second, "run", "--quiet", promptOf(5));
  const hot = packsOf(
    {
      view: [...view],
      show: [...show],
      ...halvesOf("run", run),
      ...halvesOf("run2", run2),
      ...halvesOf("send", sending),
    },
    await sizesOfModules(),
  );
  const path = fileURLToPath(new URL("../../src/build/hot-modules.ts", import.meta.url));
  const text = await readFile(path, "utf8");
  const begin = text.indexOf("export const HOT_MODULES");
  await writeFile(path, `${text.slice(0, begin)}export const HOT_MODULES: HotModules = ${JSON.stringify(hot)};\n`);
  execFileSync("npx", ["biome", "format", "--write", path], { stdio: "inherit" });
} finally {
  langfuse.close();
  await bench.remove();
}
