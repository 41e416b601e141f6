/**
 * Where the time of a `looptrace run` goes from Enter to its end, for one that starts its server and leaves it, for one
 * that finds it, and as far as the provider sees it for opencode's own `run`, bare and attached to a server kept by
 * hand: medians of some rounds by turns. docs/performance.md has the figures.
 *
 *   npm run build && npx tsx test/bench/enter-to-exit.ts [rounds]
 *
 * With LOOPTRACE_TEST_OPENCODE2 it is that opencode, else 1.x. BENCH_SHOW=1 prints each mark of each run. BENCH_CLI
 * names another build's main.js, to be measured in place of this one's.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openCodeBinary } from "../support/isolated-opencode.js";
import { realOpencode2 } from "../support/real-opencode2.js";
import { builtPath } from "./built.js";
import { median } from "./measure.js";
import { endProcesses } from "./process-times.js";
import { promptOf, quickSessions } from "./quick-sessions.js";
import { serveByHand } from "./serve-by-hand.js";
import { timed } from "./timed.js";
import { usersOpenCode } from "./users-opencode.js";

const rounds = Number(process.argv[2] ?? 15);
const second = realOpencode2();
const opencode = second ?? openCodeBinary();

/** What looptrace's process tells of itself: which file was loaded when, and when what was sent, answered and printed. */
const HOOK = `
const { appendFileSync } = require("node:fs");
const Module = require("node:module");
const tell = (what, at = performance.timeOrigin + performance.now()) =>
  appendFileSync(process.env.BENCH_MARKS, JSON.stringify({ what, at }) + "\\n");
tell("node");
const load = Module._load;
Module._load = function (request, ...rest) {
  if (/main\\.js$/.test(request)) tell("main");
  const module = load.call(this, request, ...rest);
  if (!/packs\\.js$/.test(request) || module.isWatched) return module;
  const { file } = module;
  module.file = (name) => {
    if (name === "command-run.js") tell("command");
    return file(name);
  };
  return Object.assign(module, { isWatched: true });
};
const channel = require("node:diagnostics_channel");
const nameOf = ({ method, path }) => method + " " + String(path).replace(/\\?.*/, "").replace(/(ses|msg)_\\w+/g, "$1");
channel.subscribe("http.client.request.start", ({ request }) => tell("> " + nameOf(request)));
channel.subscribe("http.client.response.finish", ({ request, response }) => {
  tell("< " + nameOf(request));
  if (!/event/.test(request.path)) return;
  const { push } = response;
  response.push = function (piece, ...rest) {
    if (/execution\\.(?:succeeded|failed)|"session\\.idle"/.test(String(piece))) tell("rest");
    return push.call(this, piece, ...rest);
  };
});
const { write } = process.stdout;
process.stdout.write = function (...words) {
  tell("answer");
  return write.apply(this, words);
};
process.on("exit", () => tell("exit"));
`;

interface Mark {
  readonly what: string;
  readonly at: number;
}

type EndOf = (marks: readonly Mark[]) => number | undefined;

const first =
  (what: RegExp): EndOf =>
  (marks) =>
    marks.find((mark) => what.test(mark.what))?.at;
const last =
  (what: RegExp): EndOf =>
  (marks) =>
    marks.findLast((mark) => what.test(mark.what))?.at;

/** The parts in their order, each with the mark at which it ends. */
const PARTS: readonly (readonly [name: string, ends: EndOf])[] = [
  ["Node.js itself", first(/^node$/)],
  ["looptrace's first file", first(/^main$/)],
  ["arguments; the search for a server begins", first(/^command$/)],
  ["settings; the server is found, or started and there", first(/^> /)],
  ["the session is made", first(/^< POST \/(?:api\/)?session$/)],
  ["the prompt is sent", first(/^> POST \/(?:api\/)?session\/ses\/(?:prompt|message)/)],
  ["opencode asks the provider", first(/^asked$/)],
  ["three answers, and two steps of opencode's between them", last(/^answered$/)],
  ["opencode says that it is at rest", last(/^rest$/)],
  ["the session is asked for", (marks) => marks.findLast(isReading)?.at],
  ["it is read, traced, kept; the answer is printed", first(/^answer$/)],
  ["the server is given back, the process ends", first(/^end$/)],
];

/** The first of a session's own requests behind all others. */
function isReading({ what }: Mark): boolean {
  return /^> GET \/(?:api\/)?session\/ses$/.test(what);
}

/** The same of what the provider sees alone. */
const OUTER: readonly (readonly [name: string, ends: EndOf])[] = [
  ["opencode asks the provider", first(/^asked$/)],
  ["three answers, and two steps of opencode's between them", last(/^answered$/)],
  ["the process ends", first(/^end$/)],
];

function partsOf(parts: typeof PARTS, marks: readonly Mark[], begun: number): readonly number[] {
  let from = begun;
  return parts.map(([, endOf]) => {
    const end = endOf(marks) ?? Number.NaN;
    const took = end - from;
    from = end;
    return took;
  });
}

const bench = await usersOpenCode(quickSessions(4 * rounds + 6));
try {
  const hook = join(bench.home, "hook.cjs");
  await writeFile(hook, HOOK);
  const marksFile = join(bench.home, "marks.jsonl");
  let next = 0;
  const now = (): number => performance.timeOrigin + performance.now();
  const play = async (
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<{ readonly marks: readonly Mark[]; readonly begun: number }> => {
    await rm(marksFile, { force: true });
    const before = bench.provider.requests.length;
    const begun = now();
    next += 1;
    await timed(bench, program, [...args, promptOf(next - 1)], { ...env, BENCH_MARKS: marksFile });
    const end = { what: "end", at: now() };
    const told = await readFile(marksFile, "utf8").catch(() => "");
    const own = told
      .split("\n")
      .filter((line) => line !== "")
      .map((line): Mark => JSON.parse(line));
    const seen = bench.provider.requests.slice(before).flatMap(({ title, received, lastChunk = received }) => [
      { what: title ? "title asked" : "asked", at: received },
      { what: title ? "title answered" : "answered", at: lastChunk },
    ]);
    const marks = [...own, ...seen, end].sort((a, b) => a.at - b.at);
    if (process.env.BENCH_SHOW)
      for (const { what, at } of [...marks, { what: "", at: begun }])
        console.error(`${(at - begun).toFixed(0)} ${what}`);
    return { marks, begun };
  };
  const cli = process.env.BENCH_CLI ?? builtPath("cli/main.js");
  const looptrace = async (): Promise<readonly number[]> => {
    const { marks, begun } = await play(process.execPath, ["-r", hook, cli, "run", "--quiet"], {
      ...{ LOOPTRACE_OPENCODE: opencode, LOOPTRACE_HOME: join(bench.home, "looptrace"), LOOPTRACE_WARM: "10m" },
    });
    return partsOf(PARTS, marks, begun);
  };
  const outer = async (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<readonly number[]> => {
    const { marks, begun } = await play(opencode, ["run", ...args, "--format", "json"], env);
    return partsOf(OUTER, marks, begun);
  };
  const bare = () => outer(second === undefined ? [] : ["--standalone"]);
  // The first start of all makes opencode's database.
  await bare();
  await using server = await serveByHand(bench, opencode);
  const attached = () => outer([second === undefined ? "--attach" : "--server", server.url], server.env);
  await attached();
  await looptrace();
  const ways = { "first, cold": looptrace, warm: looptrace, "opencode run": bare, attached };
  const taken = new Map(Object.keys(ways).map((way) => [way, [] as (readonly number[])[]]));
  for (let round = 0; round < rounds; round += 1) {
    await endProcesses(bench.home, server.pids);
    for (const [way, playIt] of Object.entries(ways)) taken.get(way)?.push(await playIt());
  }
  const ms = (values: readonly number[]): string => `${Math.round(median(values))} ms`;
  const whole = (parts: readonly number[]): number => parts.reduce((sum, part) => sum + part, 0);
  const table = (parts: typeof PARTS, names: readonly string[]): void => {
    const sides = names.map((name) => taken.get(name) ?? []);
    console.log(
      `| from Enter on, medians of ${rounds} | ${names.join(" | ")} |\n| --- |${" --- |".repeat(names.length)}`,
    );
    for (const [index, [name]] of parts.entries())
      console.log(`| ${name} | ${sides.map((side) => ms(side.map((one) => one[index] ?? Number.NaN))).join(" | ")} |`);
    console.log(`| in all | ${sides.map((side) => ms(side.map(whole))).join(" | ")} |\n`);
  };
  table(PARTS, ["first, cold", "warm"]);
  table(OUTER, ["opencode run", "attached"]);
} finally {
  await bench.remove();
}
