/**
 * What looptrace costs, as ratios to the bare operations below it. Both sides of each ratio are measured by turns in one
 * run, so that the figures of two machines, or of a busy one, can be compared.
 *
 *   npm run bench
 *   npm run -s bench -- --quick --json
 */
import { parseArgs } from "node:util";
import { compareComputing } from "./compute.js";
import { compareDelivery } from "./delivery.js";
import type { Comparison } from "./measure.js";
import { paintTable } from "./paint-table.js";
import { compareProcesses } from "./processes.js";
import { FULL, QUICK } from "./sizes.js";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const plan = values.quick ? QUICK : FULL;

const measured: Comparison[] = [];
for (const size of plan.exports) measured.push(...(await compareComputing(size)));
measured.push(...(await compareDelivery(plan)), ...(await compareProcesses(plan)));
// A quick run is too cold to be held to anything.
const comparisons = values.quick ? measured.map(({ aim: _, ...comparison }) => comparison) : measured;

const { version: node, platform, arch } = process;
process.stdout.write(
  values.json
    ? `${JSON.stringify({ node, platform, arch, quick: values.quick, comparisons }, undefined, 2)}\n`
    : `node ${node}, ${platform} ${arch}; medians of alternating rounds\n\n${paintTable(comparisons)}\n`,
);
