/** Tries the statistics of experiments on made-up worlds, and says how often they are right: `npm run simulate -- --tries 200 --only planted`. */
import { compareArms, type MeasureComparison } from "../../src/experiment/compare.js";
import { MEASURES, type MeasureName } from "../../src/experiment/measure-names.js";
import { simulatedRuns, type World } from "./simulated-runs.js";

const OPTIONS = { base: "base", arms: ["base", "new"], effect: 0.15, samples: 1000 } as const;

export interface Tries {
  /** Of all tries, those in which an arm was called better or worse in any measure. */
  readonly found: number;
  /** By measure: those in which it was called better, and worse. */
  readonly better: Readonly<Record<MeasureName, number>>;
  readonly worse: Readonly<Record<MeasureName, number>>;
  /** By measure: those in which the interval held what was true. */
  readonly covered: Readonly<Record<MeasureName, number>>;
  /** Those in which it was said that there are too few runs, of the cost. */
  readonly tooFew: number;
}

export function comparisonsOf(world: World, seed: string): readonly MeasureComparison[] {
  return compareArms(simulatedRuns(world, seed), { ...OPTIONS, seed })[0]?.comparisons ?? [];
}

function nothing(): Record<MeasureName, number> {
  return { pass: 0, cost: 0, tokens: 0, steps: 0, time: 0, toolP90: 0 };
}

/** Makes the same experiment many times; shares of 1. */
export function tryOften(world: World, tries: number, seed: string): Tries {
  const [better, worse, covered] = [nothing(), nothing(), nothing()];
  let [found, tooFew] = [0, 0];
  for (let at = 0; at < tries; at += 1) {
    const comparisons = comparisonsOf(world, `${seed}-${at}`);
    if (comparisons.some(({ verdict }) => verdict === "better" || verdict === "worse")) found += 1;
    for (const { measure, verdict, interval } of comparisons) {
      if (verdict === "better") better[measure] += 1 / tries;
      if (verdict === "worse") worse[measure] += 1 / tries;
      if (verdict === "too-few" && measure === "cost") tooFew += 1 / tries;
      const truth = measure === "pass" || measure === "toolP90" || measure === "steps" ? 0 : (world.factor ?? 1) - 1;
      if (interval && interval.low <= truth && truth <= interval.high) covered[measure] += 1 / tries;
    }
  }
  return { found: found / tries, better, worse, covered, tooFew };
}

/** The two ways to have more of them. */
export type More = "cases" | "runs";

/**
 * Makes a small experiment, takes it at its word as to how much is missing, makes that, and looks whether the effect is
 * found.
 *
 * @returns shares of 1 of the tries in which more was promised to be enough, and how much, the median
 */
export function tryPromised(
  world: World,
  more: More,
  tries: number,
  seed: string,
  { measure = "cost" as MeasureName, most = 600 } = {},
): { readonly promised: number; readonly found: number; readonly median: number } {
  const amounts: number[] = [];
  let found = 0;
  for (let at = 0; at < tries; at += 1) {
    const of = (one: World): MeasureComparison | undefined =>
      comparisonsOf(one, `${seed}-${at}`).find((comparison) => comparison.measure === measure);
    const needed = of(world)?.needed?.[more];
    if (needed === undefined || needed === null || needed > most) continue;
    const enough = Math.max(needed, world[more]);
    amounts.push(enough);
    const verdict = of({ ...world, [more]: enough })?.verdict;
    if (verdict === (measure === "pass" ? "better" : (world.factor ?? 1) < 1 ? "better" : "worse")) found += 1;
  }
  amounts.sort((a, b) => a - b);
  return {
    promised: amounts.length / tries,
    found: amounts.length === 0 ? 0 : found / amounts.length,
    median: amounts[Math.floor(amounts.length / 2)] ?? 0,
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function equalArms(tries: number): void {
  console.log(`\nEqual arms, ${tries} tries: how often any of ${MEASURES.length} measures is called different`);
  const worlds: readonly [string, World][] = [
    ...[6, 8, 12, 30, 100].flatMap((cases) =>
      [1, 3].map((runs): [string, World] => [`${cases} cases, ${runs} runs`, { cases, runs }]),
    ),
    ["30 cases, 2 runs, unlike in single cases", { cases: 30, runs: 2, interaction: 0.3 }],
    ["30 cases, 3 runs, little noise", { cases: 30, runs: 3, noise: 0.1 }],
    ["60 cases, 10 runs, little noise", { cases: 60, runs: 10, noise: 0.1 }],
    ["30 cases, 2 runs, second run 30 % less", { cases: 30, runs: 2, second: 0.7 }],
    ["30 cases, 1 run, second run 30 % less", { cases: 30, runs: 1, second: 0.7 }],
    ["60 cases, 3 runs, second run 60 % less", { cases: 60, runs: 3, second: 0.4, noise: 0.15 }],
    ["30 cases, 2 runs, price doubles meanwhile", { cases: 30, runs: 2, drift: 2 }],
    ["30 cases, 2 runs, base always first, second 30 % less", { cases: 30, runs: 2, second: 0.7, order: "base-first" }],
    [
      "60 cases, 3 runs, base always first, second 60 % less",
      { cases: 60, runs: 3, second: 0.4, noise: 0.15, order: "base-first" },
    ],
  ];
  for (const [name, world] of worlds) {
    const { found, covered, tooFew } = tryOften(world, tries, name);
    const cover = `interval holds 0: cost ${percent(covered.cost)}, pass ${percent(covered.pass)}`;
    console.log(`  ${name.padEnd(56)} ${percent(found).padStart(7)}   too few ${percent(tooFew)}; ${cover}`);
  }
}

function plantedEffects(tries: number): void {
  console.log(`\nA planted effect of 15 %, ${tries} tries: how often it is found with as many as were promised to do`);
  const worlds: readonly [string, World, More, MeasureName][] = [
    ["cost -15 %, more cases after 8 of 2 runs", { cases: 8, runs: 2, factor: 0.85 }, "cases", "cost"],
    ["cost +15 %, more cases after 8 of 2 runs", { cases: 8, runs: 2, factor: 1.15 }, "cases", "cost"],
    ["cost -15 %, more cases after 20 of 1 run", { cases: 20, runs: 1, factor: 0.85 }, "cases", "cost"],
    [
      "cost -15 %, little noise, more cases after 8 of 2",
      { cases: 8, runs: 2, factor: 0.85, noise: 0.15 },
      "cases",
      "cost",
    ],
    ["cost -15 %, more runs of 30 cases after 2", { cases: 30, runs: 2, factor: 0.85 }, "runs", "cost"],
    ["cost -15 %, more runs of 12 cases after 3", { cases: 12, runs: 3, factor: 0.85 }, "runs", "cost"],
    [
      "cost -15 % and order effect, more runs of 30 after 2",
      { cases: 30, runs: 2, factor: 0.85, second: 0.7 },
      "runs",
      "cost",
    ],
    ["time -15 %, more runs of 30 cases after 2", { cases: 30, runs: 2, factor: 0.85 }, "runs", "time"],
    ["pass +15 points, more cases after 20 of 2 runs", { cases: 20, runs: 2, points: 0.15 }, "cases", "pass"],
  ];
  for (const [name, world, more, measure] of worlds) {
    const { found, promised, median } = tryPromised(world, more, tries, name, { measure });
    const told = `(${more}: median ${median}; promised in ${percent(promised)})`;
    console.log(`  ${name.padEnd(56)} ${percent(found).padStart(7)}   ${told}`);
  }
}

const [script, ...argv] = process.argv.slice(1);
if (script?.includes("simulate")) {
  const at = argv.indexOf("--tries");
  const tries = at < 0 ? 1000 : Number(argv[at + 1]);
  const only = argv.includes("--only") ? argv[argv.indexOf("--only") + 1] : undefined;
  if (only !== "planted") equalArms(tries);
  if (only !== "equal") plantedEffects(tries);
}
