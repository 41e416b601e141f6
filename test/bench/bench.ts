/**
 * What looptrace costs, as ratios to the bare operations below it. Both sides of each ratio are measured by turns in
 * one run, so that the figures of two machines, or of a busy one, can be compared.
 *
 *   npm run bench
 *   npm run bench -- --only sessions
 *   npm run bench -- --only many --sessions 10000         sessions of opencode's own store, see many.ts
 *   npm run -s bench -- --quick --json -                  as JSON on standard output
 *   npm run bench -- --json test/bench/history.json       adds the ratios to that file, see history.ts
 */
import { availableParallelism, cpus } from "node:os";
import { ownVersion } from "../../src/cli/own-version.js";
import { benchOptions, type Part } from "./bench-options.js";
import { compareCatalog } from "./catalog.js";
import { compareComputing } from "./compute.js";
import { compareDelivery } from "./delivery.js";
import { compareFollowing } from "./following.js";
import { compareGrowth } from "./growth.js";
import { addToHistory, processorName } from "./history.js";
import { compareLarge } from "./large.js";
import { compareMany } from "./many.js";
import { compareMasking } from "./masking.js";
import type { Comparison } from "./measure.js";
import { paintTable } from "./paint-table.js";
import { compareMemories, compareStarts } from "./processes.js";
import { compareRecordings } from "./recordings.js";
import { compareSessions } from "./sessions.js";
import { FULL, QUICK } from "./sizes.js";
import { compareTracing } from "./tracing.js";
import { compareWarm } from "./warm.js";

const values = benchOptions(process.argv.slice(2));
if (values === "help") throw new Error("npm run bench -- --help tells what it can do.");
const sized = values.quick ? QUICK : FULL;
const plan = values.sessions === undefined ? sized : { ...sized, manySessions: values.sessions };

const parts: Readonly<Record<Part, () => Promise<readonly Comparison[]>>> = {
  computing: async () => {
    const measured: Comparison[] = [];
    for (const size of plan.exports) measured.push(...(await compareComputing(size)));
    return measured;
  },
  masking: () => compareMasking(plan),
  delivery: () => compareDelivery(plan),
  starts: () => compareStarts(plan),
  memory: () => compareMemories(plan),
  tracing: () => compareTracing(plan),
  growth: () => compareGrowth(plan),
  sessions: () => compareSessions(plan),
  warm: () => compareWarm(plan),
  following: () => compareFollowing(plan),
  recordings: () => compareRecordings(plan),
  catalog: () => compareCatalog(plan),
  large: () => compareLarge(plan),
  many: () => compareMany(plan),
};
const measured: Comparison[] = [];
for (const name of values.parts) measured.push(...(await parts[name]()));
// A quick run is too cold to be held to anything.
const comparisons = values.quick ? measured.map(({ aim: _, ...comparison }) => comparison) : measured;

const { version: node, platform, arch } = process;
process.stdout.write(
  values.json === "-"
    ? `${JSON.stringify({ node, platform, arch, quick: values.quick, comparisons }, undefined, 2)}\n`
    : `node ${node}, ${platform} ${arch}; medians of alternating rounds\n\n${paintTable(comparisons)}\n`,
);
if (values.json !== undefined && values.json !== "-") {
  await addToHistory(values.json, {
    looptrace: ownVersion(),
    date: new Date().toISOString().slice(0, 10),
    node,
    // Ratios of a fast and of a slow machine say different things.
    platform: `${platform} ${arch}, ${availableParallelism()} × ${processorName(cpus()[0]?.model ?? "")}`,
    comparisons,
  });
}
