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
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { OPENCODE2_VARIABLE, realOpencode2 } from "../support/real-opencode2.js";
import { benchLangfuse } from "./bench-langfuse.js";
import { builtPath } from "./built.js";
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
  const show = new Set(await play("show", id));
  // One that was kept without the names of opencode's tool servers.
  for (const name of names.filter((one) => one.includes(".mcp-"))) await rm(join(sessions, name));
  for (const name of await play("show", id)) show.add(name);
  // What was just written does not count as settled yet.
  while (!existsSync(join(home, "views", `${id}.json`))) await play("show", id);
  const view = new Set(await play("show", id));
  const sent = run.indexOf(">");
  const before = new Set(run.slice(0, sent));
  const after = new Set(run.slice(sent + 1).filter((name) => name !== ">" && !before.has(name)));
  keys = langfuse.env;
  // Such keys make another server.
  await play("run", "--quiet", promptOf(2));
  const sending = await play("run", "--quiet", promptOf(3));
  const sent3 = sending.indexOf(">");
  keys = {};
  // Last: what has had opencode 2 is no store of opencode 1 any more.
  await playOn(second, "run", "--quiet", promptOf(4));
  const run2 = await playOn(second, "run", "--quiet", promptOf(5));
  const sent2 = run2.indexOf(">");
  const before2 = new Set(run2.slice(0, sent2));
  const after2 = new Set(run2.slice(sent2 + 1).filter((name) => name !== ">"));
  const known = new Set([...run, ...run2, ...show, ...view]);
  const beforeSending = new Set(sending.slice(0, sent3).filter((name) => !known.has(name)));
  const toSend = new Set(sending.slice(sent3 + 1).filter((name) => !known.has(name) && !beforeSending.has(name)));
  const of = (names: ReadonlySet<string>, ...others: readonly ReadonlySet<string>[]): string[] =>
    [...names].filter((name) => others.every((set) => !set.has(name)));
  const both = (names: ReadonlySet<string>, more: ReadonlySet<string>): ReadonlySet<string> =>
    new Set([...names].filter((name) => more.has(name)));
  const hot = {
    "hot-start": of(both(before, view)),
    "hot-load": of(both(before, show), view),
    "hot-prompt": of(before, view, show),
    "hot-end": of(both(after, view)),
    "hot-trace": of(both(after, show), view),
    "hot-keep": of(after, view, show),
    "hot-view": of(view, before, after),
    "hot-show": of(show, before, after, view),
    "hot-prompt-2": of(before2, before, after, view, show),
    "hot-end-2": of(after2, before2, before, after, view, show),
    "hot-send-start": of(beforeSending),
    "hot-send": of(toSend),
  };
  const path = fileURLToPath(new URL("../../src/build/hot-modules.ts", import.meta.url));
  const text = await readFile(path, "utf8");
  const begin = text.indexOf("export const HOT_MODULES");
  await writeFile(path, `${text.slice(0, begin)}export const HOT_MODULES: HotModules = ${JSON.stringify(hot)};\n`);
  execFileSync("npx", ["biome", "format", "--write", path], { stdio: "inherit" });
} finally {
  langfuse.close();
  await bench.remove();
}
