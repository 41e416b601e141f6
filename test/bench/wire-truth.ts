/**
 * Whether what is recorded is what was sent: plays all scenarios with each opencode, by `run` and on a server, with the
 * tap preloaded and as a plugin, and holds each recording to the scripted provider's own log.
 *
 *   npx tsx test/bench/wire-truth.ts                          all of them: half an hour
 *   npx tsx test/bench/wire-truth.ts 1.15.13 serve plugin     those of a version, a way and a tap
 *   npx tsx test/bench/wire-truth.ts killed                   those of a scenario
 *
 * Ends with 1 where a recording is not what the provider saw.
 */
import { readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { storePaths } from "../../src/files/store-paths.js";
import { installWirePlugin } from "../../src/opencode/program/wire-plugin.js";
import { linesOfSessions } from "../../src/wire/lines-of-sessions.js";
import { pluginRecordingsFolder } from "../../src/wire/plugin-recordings.js";
import { loadScenario } from "../provider/load-scenario.js";
import { playPrompts } from "../provider/run-scenario.js";
import type { Provider } from "../provider/start-provider.js";
import { type Comparison, compareRecording, linesIn } from "../support/compare-recording.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { CURRENT_OPENCODE, openCodeOf } from "../support/opencode-versions.js";
import { preloaded } from "../support/preloaded.js";
import { type ServedScenarios, serveScenarios } from "../support/served-scenarios.js";

const VERSIONS = [CURRENT_OPENCODE, "1.17.19", "1.15.13"];
const WAYS = ["run", "serve"] as const;
const TAPS = ["preload", "plugin"] as const;
type Tap = (typeof TAPS)[number];

/** Some versions try again what others do not, for ever. */
const DEADLINE_MS = 90_000;

const scenarios = readdirSync(fileURLToPath(new URL("../scenarios", import.meta.url)))
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -".json".length));
const KILLED = "killed";
const AT_ONCE = 3;

const wishes = process.argv.slice(2);
const unknown = wishes.filter((wish) => ![...VERSIONS, ...WAYS, ...TAPS, ...scenarios].includes(wish));
if (unknown.length > 0) throw new Error(`There is no ${unknown.join(", ")} among versions, ways, taps and scenarios.`);
/** Those of a list that were asked for; all, where none was. */
const wanted = <T extends string>(all: readonly T[]): readonly T[] => {
  const some = all.filter((one) => wishes.includes(one));
  return some.length > 0 ? some : all;
};

interface Played extends Comparison {
  readonly scenario: string;
  /** Recorded minus the provider's own, ms. */
  readonly offsets: Readonly<Record<"request" | "headers" | "first" | "last", readonly number[]>>;
}

function textsIn(folder: string): string {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");
}

function heldTo(scenario: string, wire: string, provider: Provider): Played {
  return { scenario, ...compareRecording(wire, provider), offsets: offsetsIn(wire, provider) };
}

async function byRun(binary: string, tap: Tap, scenario: string): Promise<Played> {
  const story = await loadScenario(scenario);
  await using bench = await isolatedOpenCode(story);
  if (tap === "plugin") {
    await installWirePlugin(bench.env, true);
    await playPrompts(story, bench, { binary, deadlineMs: DEADLINE_MS });
    return heldTo(scenario, textsIn(pluginRecordingsFolder(storePaths(bench.env).root)), bench.provider);
  }
  const folder = join(bench.tmpdir, "wire");
  await mkdir(folder, { mode: 0o700 });
  const env = { ...bench.env, ...(await preloaded(bench.tmpdir, folder)) };
  await playPrompts(story, { ...bench, env }, { binary, deadlineMs: DEADLINE_MS });
  return heldTo(scenario, textsIn(folder), bench.provider);
}

async function onServer(server: ServedScenarios, scenario: string): Promise<Played> {
  await using played = await server.play(await loadScenario(scenario));
  const { provider, sessionId } = played;
  return heldTo(scenario, linesOfSessions(textsIn(server.recordings), [sessionId], false), provider);
}

/** How far the recorded times are from the provider's, of requests that were sent once. */
function offsetsIn(wire: string, { requests, bodies }: Provider): Played["offsets"] {
  const offsets: { [Key in keyof Played["offsets"]]: number[] } = { request: [], headers: [], first: [], last: [] };
  const lines = linesIn(wire);
  const sent = lines.filter(({ t }) => t === "request");
  for (const [index, { n, at = Number.NaN }] of sent.entries()) {
    // In the provider's order, but for those that were sent at once.
    const request = requests[index];
    if (!request || sent.length !== bodies.length) continue;
    const own = lines.filter((line) => line.n === n);
    const parts = own.flatMap((line) => (line.t === "part" ? [line] : []));
    const last = parts.at(-1);
    const chunks = last && Array.isArray(last.chunks) ? last.chunks : [];
    const add = (what: keyof Played["offsets"], recorded: number | undefined, real: number | undefined): void => {
      if (recorded !== undefined && real !== undefined) offsets[what].push(recorded - real);
    };
    add("request", at, request.received);
    add("headers", own.find(({ t }) => t === "response")?.at, request.headersSent);
    add("first", parts[0]?.at, request.firstChunk);
    add("last", last?.at === undefined ? undefined : last.at + Number(chunks.at(-1)?.[0] ?? 0), request.lastChunk);
  }
  return offsets;
}

function quantile(values: readonly number[], q: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN).toFixed(1);
}

const out = (line: string): void => void process.stdout.write(`${line}\n`);
const columns = [
  "opencode",
  "way",
  "tap",
  "scenarios",
  "requests",
  "bodies",
  "answers",
  "in order",
  "request ms",
  "first ms",
];
const row = (cells: readonly (string | number)[]): string =>
  cells.map((cell, index) => (index < 3 ? String(cell).padEnd(9) : String(cell).padStart(11))).join("");
const all: Played[] = [];
const wrong: string[] = [];
let reported = 0;
out(row(columns));
for (const version of wanted(VERSIONS)) {
  const binary = await openCodeOf(version);
  for (const way of wanted(WAYS)) {
    for (const tap of wanted(TAPS)) {
      const played: Played[] = [];
      const server = way === "serve" ? await serveScenarios(binary, tap) : undefined;
      try {
        const left = wanted(scenarios).filter((scenario) => scenario !== KILLED);
        const playSome = async (): Promise<void> => {
          for (let scenario = left.shift(); scenario !== undefined; scenario = left.shift()) {
            const one = server ? onServer(server, scenario) : byRun(binary, tap, scenario);
            const result = await one.catch((problem: unknown) => String(problem));
            if (typeof result === "string") wrong.push(`${version} ${way} ${tap} ${scenario}: ${result}`);
            else played.push(result);
            if (typeof result !== "string" && result.requests === 0)
              wrong.push(`${version} ${way} ${tap} ${scenario}: opencode asked nothing in its time`);
          }
        };
        // They wait for most of their time.
        await Promise.all(Array.from({ length: AT_ONCE }, playSome));
        // It takes the server with it.
        left.push(...wanted(scenarios).filter((scenario) => scenario === KILLED));
        await playSome();
      } finally {
        await server?.close();
      }
      const sum = (of: (one: Played) => number): number => played.reduce((total, one) => total + of(one), 0);
      const median = (what: keyof Played["offsets"]): string =>
        [0.05, 0.5, 0.95]
          .map((q) =>
            quantile(
              played.flatMap(({ offsets }) => offsets[what]),
              q,
            ),
          )
          .join("/");
      const counts = [sum(({ requests }) => requests), sum(({ bodies }) => bodies), sum(({ answers }) => answers)];
      const inOrder = played.filter(({ isInOrder }) => isInOrder).length;
      const figures = row([version, way, tap, played.length, ...counts, inOrder]);
      out(`${figures}  ${median("request")}  ${median("first")}`);
      for (const { scenario, problems } of played)
        for (const problem of problems) wrong.push(`${version} ${way} ${tap} ${scenario}: ${problem}`);
      for (const problem of wrong.slice(reported)) out(`WRONG ${problem}`);
      reported = wrong.length;
      all.push(...played);
    }
  }
}
for (const what of ["request", "headers", "first", "last"] as const) {
  const offsets = all.flatMap((one) => one.offsets[what]);
  const spread = [0.05, 0.5, 0.95].map((q) => quantile(offsets, q)).join(" ");
  out(`${what}: recorded minus the provider's, ms (5 50 95 %) ${spread}, ${offsets.length} of them`);
}
process.exitCode = wrong.length === 0 ? 0 : 1;
