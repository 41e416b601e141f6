import { chanceOf, shuffled } from "../../src/analysis/statistics/chance.js";
import type { MeasureName } from "../../src/experiment/measure-names.js";
import type { RunRecord } from "../../src/experiment/measures.js";

/** What is known of a world in which an experiment is made, since it is made up. */
export interface World {
  readonly cases: number;
  readonly runs: number;
  /** How many times as much the arm `new` takes, of cost, tokens, steps and time; 1 where the arms are equal. */
  readonly factor?: number;
  /** How many points more its runs pass, 0 to 1. */
  readonly points?: number;
  /** How differently the arm does in single cases, in the mean not at all: standard deviation of the logarithm. */
  readonly interaction?: number;
  /** How many times as much the second run of a case takes, whichever arm it is of. */
  readonly second?: number;
  /** How many times as much the last run of all takes as the first. */
  readonly drift?: number;
  /** How much runs of the same case differ: standard deviation of the logarithm. */
  readonly noise?: number;
  /** Which arm of a pair comes first: as planned, or always the base. */
  readonly order?: "planned" | "base-first";
}

/** A generator of numbers with the distributions that runs of agents have. */
export interface Distributions {
  uniform(): number;
  normal(): number;
}

export function distributions(seed: string): Distributions {
  const chance = chanceOf(seed, "world");
  const uniform = (): number => (chance.below(2 ** 30) + 0.5) / 2 ** 30;
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/**
 * An experiment as it may come out. Cases differ by a factor of ten and more; runs of one case by some ten per cent, one
 * in twenty by three times as much, since an agent lost its way; cost, tokens, steps and time hang together; cases pass
 * nearly always, nearly never, or now and then.
 */
export function simulatedRuns(world: World, seed: string): readonly RunRecord[] {
  const { cases, runs, factor = 1, points = 0, interaction = 0, second = 1, drift = 1, noise = 0.35 } = world;
  const { normal, uniform } = distributions(seed);
  const all = Array.from({ length: cases }, (_, index) => ({
    name: `case-${index}`,
    size: normal(),
    // Of three kinds, as those of a benchmark are.
    passes: [0.85, 0.1, 0.2 + 0.6 * uniform()][Math.floor(3 * uniform())] ?? 0.5,
    lean: interaction * normal(),
  }));
  const total = cases * runs * 2;
  let started = 0;
  return Array.from({ length: runs }, (_, run) => run).flatMap((run) =>
    shuffled([...all.keys()], chanceOf(seed, "cases", run)).flatMap((at) => {
      const one = all[at];
      if (!one) return [];
      const planned = shuffled(["base", "new"], chanceOf(seed, "arms", Math.floor(at / 2), Math.floor(run / 2)));
      const order =
        world.order === "base-first" ? ["base", "new"] : (at + run) % 2 === 0 ? planned : planned.toReversed();
      return order.map((arm, place): RunRecord => {
        started += 1;
        const isNew = arm === "new";
        const lost = uniform() < 0.05 ? 3 : 1;
        const common =
          Math.exp(one.size + noise * 0.8 * normal()) *
          lost *
          (isNew ? factor * Math.exp(one.lean) : 1) *
          (place === 1 ? second : 1) *
          drift ** (started / total);
        const own = (sd: number): number => Math.exp(noise * sd * normal());
        const pass = Math.min(1, Math.max(0, one.passes + (isNew ? points : 0)));
        const values: Record<MeasureName, number> = {
          pass: uniform() < pass ? 1 : 0,
          cost: 0.04 * common * own(0.5),
          tokens: Math.round(60_000 * common * own(0.3)),
          steps: Math.max(1, Math.round(9 * Math.sqrt(common) * own(0.3))),
          time: 90_000 * common * own(0.8),
          toolP90: 800 * Math.exp(0.5 * one.size) * own(1.5) * (place === 1 ? second : 1),
        };
        return { case: one.name, arm, run, startedAt: started, values, cachedAtFirst: place === 1 ? 0.8 : 0.4 };
      });
    }),
  );
}
