/**
 * Where the time goes from Enter to the prompt's arrival at the provider, for a `looptrace run` that starts its server
 * and leaves it, and for one that finds it: medians of some rounds of each. docs/performance.md has the figures.
 *
 *   npm run build && npx tsx test/bench/enter-to-prompt.ts [rounds]
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openCodeBinary } from "../support/isolated-opencode.js";
import { builtPath } from "./built.js";
import { median } from "./measure.js";
import { endProcesses } from "./process-times.js";
import { promptOf, quickSessions } from "./quick-sessions.js";
import { timed } from "./timed.js";
import { usersOpenCode } from "./users-opencode.js";

const rounds = Number(process.argv[2] ?? 15);

/** What looptrace's process tells of itself: when which file was loaded, and when requests were sent and answered. */
const HOOK = `
const begun = Date.now();
const { appendFileSync } = require("node:fs");
const Module = require("node:module");
const tell = (what, at = performance.timeOrigin + performance.now()) =>
  appendFileSync(process.env.BENCH_MARKS, JSON.stringify({ what, at }) + "\\n");
tell("node");
const load = Module._load;
Module._load = function (request, ...rest) {
  if (/main\\.js$/.test(request)) tell("main");
  if (/command-run\\.js$/.test(request)) tell("command");
  return load.call(this, request, ...rest);
};
const channel = require("node:diagnostics_channel");
const nameOf = ({ method, path }) => method + " " + String(path).replace(/\\?.*/, "").replace(/(ses|msg)_\\w+/g, "$1");
channel.subscribe("undici:request:create", ({ request }) => tell("> " + nameOf(request)));
channel.subscribe("undici:request:headers", ({ request }) => tell("< " + nameOf(request)));
channel.subscribe("http.client.request.start", ({ request }) => tell("> " + nameOf(request)));
channel.subscribe("http.client.response.finish", ({ request }) => tell("< " + nameOf(request)));
`;

interface Mark {
  readonly what: string;
  readonly at: number;
}

/** The parts in their order, each with the mark at which it ends. */
const PARTS: readonly (readonly [name: string, ends: (marks: readonly Mark[]) => number | undefined])[] = [
  ["Node.js itself", (marks) => first(marks, /^node$/)],
  ["looptrace's first file", (marks) => first(marks, /^main$/)],
  ["arguments; the search for a server begins", (marks) => first(marks, /^command$/)],
  ["settings; the server is found, or started and there", (marks) => first(marks, /^> /)],
  ["the session is made", (marks) => first(marks, /^< POST \/(?:api\/)?session$/)],
  ["the prompt is sent", (marks) => first(marks, /^> POST \/(?:api\/)?session\/ses\/(?:prompt|message)/)],
  ["opencode asks the provider", (marks) => first(marks, /^provider$/)],
];

function first(marks: readonly Mark[], what: RegExp): number | undefined {
  return marks.find((mark) => what.test(mark.what))?.at;
}

const bench = await usersOpenCode(quickSessions(2 * rounds + 3));
try {
  const hook = join(bench.home, "hook.cjs");
  await writeFile(hook, HOOK);
  const marksFile = join(bench.home, "marks.jsonl");
  let next = 0;
  const play = async (): Promise<readonly number[]> => {
    await rm(marksFile, { force: true });
    const asked = bench.provider.requests.length;
    const begun = performance.timeOrigin + performance.now();
    next += 1;
    await timed(bench, process.execPath, ["-r", hook, builtPath("cli/main.js"), "run", "--quiet", promptOf(next - 1)], {
      ...{ LOOPTRACE_OPENCODE: openCodeBinary(), LOOPTRACE_HOME: join(bench.home, "looptrace"), LOOPTRACE_WARM: "10m" },
      BENCH_MARKS: marksFile,
    });
    const marks = (await readFile(marksFile, "utf8"))
      .trim()
      .split("\n")
      .map((line): Mark => JSON.parse(line));
    const arrived = bench.provider.requests.slice(asked).find(({ title }) => !title)?.received ?? Number.NaN;
    const all = [...marks, { what: "provider", at: arrived }];
    if (process.env.BENCH_SHOW) for (const { what, at } of all) console.error(`${(at - begun).toFixed(0)} ${what}`);
    let from = begun;
    return PARTS.map(([, endOf]) => {
      const end = endOf(all) ?? Number.NaN;
      const took = end - from;
      from = end;
      return took;
    });
  };
  // The first start of all makes opencode's database.
  await play();
  const cold: (readonly number[])[] = [];
  const warm: (readonly number[])[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await endProcesses(bench.home, []);
    cold.push(await play());
    warm.push(await play());
  }
  const ms = (values: readonly number[]): string => `${Math.round(median(values))} ms`;
  console.log(`| from Enter on, medians of ${rounds} | first, cold | warm |\n| --- | --- | --- |`);
  for (const [index, [name]] of PARTS.entries()) {
    const of = (side: readonly (readonly number[])[]) => side.map((parts) => parts[index] ?? Number.NaN);
    console.log(`| ${name} | ${ms(of(cold))} | ${ms(of(warm))} |`);
  }
  const whole = (parts: readonly number[]): number => parts.reduce((sum, part) => sum + part, 0);
  console.log(`| in all | ${ms(cold.map(whole))} | ${ms(warm.map(whole))} |`);
} finally {
  await bench.remove();
}
