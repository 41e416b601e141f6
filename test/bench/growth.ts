import { built } from "./built.js";
import { tracesOf } from "./compute.js";
import { alternate, type Comparison } from "./measure.js";
import type { Plan } from "./sizes.js";
import { type Shape, shapedSession } from "./synthetic-session.js";

/** How much more of it there is. */
const TIMES = 10;

/** Of each kind so much that it is most of the session, also where there is ten times less. */
const KINDS: Readonly<Record<string, readonly [less: Shape, more: Partial<Shape>]>> = {
  steps: [{ turns: 1, steps: 100, tools: 1, output: 300, subagents: 0 }, { steps: 100 * TIMES }],
  turns: [{ turns: 30, steps: 2, tools: 1, output: 300, subagents: 0 }, { turns: 30 * TIMES }],
  tools: [{ turns: 1, steps: 5, tools: 30, output: 300, subagents: 0 }, { tools: 30 * TIMES }],
  subagents: [
    { turns: 1, steps: 21, tools: 1, output: 300, subagents: 20 },
    { steps: 201, subagents: 200 },
  ],
  text: [{ turns: 1, steps: 10, tools: 3, output: 20_000, subagents: 0 }, { output: 20_000 * TIMES }],
};

/** How the time from an export to OTLP grows with ten times more of each: in proportion is 10. */
export async function compareGrowth({ growthRounds }: Plan): Promise<readonly Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const [kind, [less, more]] of Object.entries(KINDS)) {
    const small = shapedSession(less);
    const large = shapedSession({ ...less, ...more });
    // As many bytes on both sides, so that the garbage collector has as much to do.
    const { looptrace, bare, ratio } = await alternate(
      {
        looptrace: () => toOtlp(large.exports),
        bare: () => {
          for (let done = 0; done < TIMES; done += 1) toOtlp(small.exports);
        },
      },
      growthRounds,
      2,
    );
    comparisons.push({
      name: `export → OTLP, ten times the ${kind} (bare: one time)`,
      ...{ unit: "ms", looptrace, bare: bare / TIMES, ratio: ratio * TIMES, rounds: growthRounds },
      note: `${(small.bytes / 1e6).toFixed(2)} and ${(large.bytes / 1e6).toFixed(2)} MB; in proportion is 10`,
    });
  }
  return comparisons;
}

function toOtlp(exports: readonly string[]): number {
  return tracesOf(exports)
    .flatMap((trace) => [...built.encodeTrace(trace)])
    .reduce((sum, { body }) => sum + body.byteLength, 0);
}
