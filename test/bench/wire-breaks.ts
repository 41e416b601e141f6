/**
 * Breaks of a provider's cache that no test has the time for, or the processes: another day, an edited AGENTS.md between
 * two processes, a pause of more than five minutes. Plays them with the real opencode and says what is told of each.
 *
 *   npx tsx test/bench/wire-breaks.ts          takes six minutes, in which next to nothing is done
 *
 * Ends with 1 where an owner or a kind is wrong.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { readRecording } from "../../src/wire/recording/read-recording.js";
import { parseScenario } from "../provider/load-scenario.js";
import { playPrompts, runScenario } from "../provider/run-scenario.js";
import { type IsolatedOpenCode, isolatedOpenCode } from "../support/isolated-opencode.js";
import { preloaded } from "../support/preloaded.js";

/** opencode's date is that of the time zone; these are always a day apart. */
const [EARLIER, LATER] = ["Pacific/Pago_Pago", "Pacific/Kiritimati"];
const PAUSE_MS = 5 * 60_000 + 5_000;

interface Seed {
  readonly what: string;
  /** Done before the third turn. */
  readonly seed?: (bench: IsolatedOpenCode) => Promise<unknown>;
  /** The time zone of the third turn. */
  readonly zone?: string;
  readonly told: readonly [kind: string, owner: string];
}

const SEEDS: readonly Seed[] = [
  { what: "a pause of five minutes", seed: () => sleep(PAUSE_MS), told: ["expired-or-lost", "none"] },
  { what: "another day", zone: LATER, told: ["system-changed", "environment"] },
  {
    what: "an edited AGENTS.md",
    seed: ({ workdir }) => writeFile(join(workdir, "AGENTS.md"), "Be very brief.\n"),
    told: ["system-changed", "instructions"],
  },
  { what: "the provider's own loss", told: ["lost", "none"] },
];

/** Three turns in processes of their own: read anew, from the cache, and anew once more. */
async function played({ what, seed, zone, told }: Seed): Promise<boolean> {
  const usages = [
    { input: 2_000, cached: 0, output: 5 },
    { input: 2_500, cached: 2_000, output: 5 },
    { input: 3_000, cached: 0, output: 5 },
  ];
  const replies = usages.map((usage, index) => ({ text: `Answer ${index}.`, usage }));
  const prompts = usages.map((_, index) => ({ text: `Prompt ${index}.`, flags: index === 0 ? [] : ["--continue"] }));
  const story = { name: "made-here", description: what, prompts, lanes: [{ name: "main", replies }] };
  const scenario = parseScenario(JSON.stringify({ ...story, files: { "AGENTS.md": "Be brief." } }), what);
  await using bench = await isolatedOpenCode(scenario);
  const recordings = join(bench.tmpdir, "wire");
  await mkdir(recordings, { mode: 0o700 });
  const [first, second, third] = scenario.prompts;
  if (!first || !second || !third) throw new Error("there are not three prompts");
  const variables = await preloaded(bench.tmpdir, recordings);
  // Without its configuration a project has no instructions either.
  const { OPENCODE_DISABLE_PROJECT_CONFIG: _no, ...env } = bench.env;
  const inZone = (TZ: string): IsolatedOpenCode => ({ ...bench, env: { ...env, ...variables, TZ } });
  for (const prompt of [first, second]) await playPrompts({ ...scenario, prompts: [prompt] }, inZone(EARLIER));
  await seed?.(bench);
  const { exports } = await runScenario({ ...scenario, prompts: [third] }, inZone(zone ?? EARLIER));
  const [tree] = assembleSessions(exports.map((text) => readExport(text, what)));
  if (!tree) throw new Error("there is no session");
  const texts = (await readdir(recordings)).map((name) => readFile(join(recordings, name), "utf8"));
  const wire = readRecording((await Promise.all(texts)).join(""), "recording");
  const events = traceSession(tree, { wire }).flatMap(({ loop }) => loop.steps.flatMap((step) => step.events));
  const [found, ...more] = events.filter(({ name }) => name === "cache-break");
  const { causeKind, owner, cause } = found?.attributes ?? {};
  const section = typeof owner === "string" ? String(JSON.parse(owner).section) : "none";
  const isRight = more.length === 0 && causeKind === told[0] && section === told[1];
  if (events.length === 0)
    process.stdout.write(`${wire.exchanges.length} requests were recorded, of ${bench.provider.requests.length}\n`);
  process.stdout.write(`${isRight ? "right" : "WRONG"}  ${what.padEnd(26)} ${causeKind} ${section}: ${cause}\n`);
  return isRight;
}

/** One after the other. */
async function playedAll(seeds: readonly Seed[]): Promise<boolean> {
  const right: boolean[] = [];
  for (const seed of seeds) right.push(await played(seed));
  return right.every(Boolean);
}

// Beside the pause, which is most of it, all others.
const [pause, ...others] = SEEDS;
const right = await Promise.all([playedAll(pause ? [pause] : []), playedAll(others)]);
process.exitCode = right.every(Boolean) ? 0 : 1;
