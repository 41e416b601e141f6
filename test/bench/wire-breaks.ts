/**
 * Breaks of a provider's cache that no test has the time for, or the processes: another day, an edited AGENTS.md between
 * two processes, a pause of more than five minutes. Plays them with the real opencode and says what is told of each.
 *
 *   npx tsx test/bench/wire-breaks.ts          takes six minutes, in which next to nothing is done
 *
 * Ends with 1 where an owner or a kind is wrong.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { drive } from "../../src/opencode/drive.js";
import { traceSession } from "../../src/trace/trace-session.js";
import type { WireEvidence } from "../../src/wire/model.js";
import { mergeWires } from "../../src/wire/recording/combine.js";
import { readRecording } from "../../src/wire/recording/read-recording.js";
import { parseScenario } from "../provider/load-scenario.js";
import { type IsolatedOpenCode, isolatedOpenCode } from "../support/isolated-opencode.js";

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
  { what: "another day", zone: LATER, told: ["system-changed", "environment"] },
  {
    what: "an edited AGENTS.md",
    seed: ({ workdir }) => writeFile(join(workdir, "AGENTS.md"), "Be very brief.\n"),
    told: ["system-changed", "instructions"],
  },
  { what: "a pause of five minutes", seed: () => sleep(PAUSE_MS), told: ["expired", "none"] },
  { what: "the provider's own loss", told: ["lost", "none"] },
];

/** Three turns in processes of their own: read anew, from the cache, and anew once more. */
async function played({ what, seed, zone, told }: Seed): Promise<string | undefined> {
  const usages = [
    { input: 2_000, cached: 0, output: 5 },
    { input: 2_500, cached: 2_000, output: 5 },
    { input: 3_000, cached: 0, output: 5 },
  ];
  const replies = usages.map((usage, index) => ({ text: `Answer ${index}.`, usage }));
  const story = { name: "made-here", description: what, prompts: ["Go."], lanes: [{ name: "main", replies }] };
  const scenario = parseScenario(JSON.stringify({ ...story, files: { "AGENTS.md": "Be brief." } }), what);
  await using bench = await isolatedOpenCode(scenario);
  const { workdir: directory, binary: opencode, env } = bench;
  const wires: WireEvidence[] = [];
  let session: string | undefined;
  for (const index of usages.keys()) {
    const isLast = index === usages.length - 1;
    if (isLast) await seed?.(bench);
    const environment = { ...env, TZ: (isLast ? zone : undefined) ?? EARLIER };
    const request = { message: `Prompt ${index}.`, session, wire: "full", driver: "server" } as const;
    const { tree, wire, sessionId } = await drive({ ...request, directory, opencode, environment });
    session = sessionId ?? undefined;
    wires.push(readRecording(wire ?? "", "recording"));
    if (!isLast || !tree) continue;
    const merged = mergeWires(wires);
    const traces = traceSession(tree, merged ? { wire: merged } : {});
    const breaks = traces.flatMap(({ loop }) => loop.steps.flatMap(({ events }) => events));
    const [found, ...more] = breaks.filter(({ name }) => name === "cache-break");
    const { causeKind, owner, cause } = found?.attributes ?? {};
    const section = typeof owner === "string" ? JSON.parse(owner).section : "none";
    const isRight = more.length === 0 && causeKind === told[0] && section === told[1];
    process.stdout.write(`${isRight ? "right" : "WRONG"}  ${what.padEnd(26)} ${causeKind} ${section}: ${cause}\n`);
    return isRight ? undefined : what;
  }
  return what;
}

// Side by side, since the pause is most of it.
const wrong = await Promise.all(SEEDS.map(played));
process.exitCode = wrong.some((one) => one !== undefined) ? 1 : 0;
