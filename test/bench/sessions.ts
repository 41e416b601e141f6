import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type IsolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { builtPath } from "./built.js";
import { alternate, type Comparison, median } from "./measure.js";
import { processesOf } from "./process-times.js";
import { promptOf, quickSessions } from "./quick-sessions.js";
import type { Plan } from "./sizes.js";
import { type Took, timed } from "./timed.js";
import { usersOpenCode } from "./users-opencode.js";

/**
 * What tracing costs a session of the real opencode: `looptrace run` by either driver, and `looptrace batch`, against
 * bare `opencode run`, on the same scripted sessions.
 */
export async function compareSessions({ sessionRounds, batchTasks }: Plan): Promise<readonly Comparison[]> {
  const warmUp = 1;
  const sessions = 4 * (sessionRounds + warmUp) + 4 + 3 * batchTasks + 1;
  const bench = await usersOpenCode(quickSessions(sessions));
  try {
    const play = player(bench);
    // The first start of all makes opencode's database.
    await play.bare();
    const comparisons: Comparison[] = [];
    for (const driver of ["cli", "server"] as const) {
      const taken = new Map<string, Took[]>([
        ["looptrace", []],
        ["bare", []],
      ]);
      const timed = (side: "looptrace" | "bare", work: () => Promise<Took>) => async () => {
        const took = await work();
        taken.get(side)?.push(took);
        return took;
      };
      const wall = await alternate(
        { looptrace: timed("looptrace", () => play.looptrace(driver)), bare: timed("bare", play.bare) },
        sessionRounds,
        warmUp,
        async (side) => ((await side()) as Took).wallMs,
      );
      const cpu = (side: string) => median((taken.get(side) ?? []).slice(warmUp).map(({ cpuMs }) => cpuMs));
      comparisons.push(
        {
          name: `looptrace run --driver ${driver} (bare: opencode run)`,
          unit: "ms",
          ...wall,
          ...(driver === "server" ? { aim: 1 } : {}),
          rounds: sessionRounds,
        },
        {
          name: `the same, CPU time of all processes`,
          unit: "ms",
          looptrace: cpu("looptrace"),
          bare: cpu("bare"),
          ratio: cpu("looptrace") / cpu("bare"),
          rounds: sessionRounds,
        },
        await memoryOf(bench, driver, play),
      );
    }
    comparisons.push(...(await batches(bench, play, batchTasks)));
    const left = leftBy(bench);
    if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
    return comparisons;
  } finally {
    await bench.remove();
  }
}

interface Player {
  readonly bare: () => Promise<Took>;
  readonly looptrace: (driver: "cli" | "server") => Promise<Took>;
  readonly batch: (tasks: number, concurrency: number) => Promise<Took>;
}

function player(bench: IsolatedOpenCode): Player {
  let next = 0;
  const prompt = (): string => {
    next += 1;
    return promptOf(next - 1);
  };
  const looptrace = (args: readonly string[]) =>
    timed(bench, process.execPath, [builtPath("cli/main.js"), ...args], {
      LOOPTRACE_OPENCODE: openCodeBinary(),
      LOOPTRACE_HOME: join(bench.home, "looptrace"),
      // What a server that stays brings is measured apart, in warm.ts.
      LOOPTRACE_WARM: "0",
    });
  return {
    bare: () => timed(bench, openCodeBinary(), ["run", "--format", "json", prompt()]),
    looptrace: (driver) => looptrace(["run", "--quiet", "--driver", driver, prompt()]),
    batch: async (tasks, concurrency) => {
      const file = join(bench.workdir, `batch-${next}.jsonl`);
      const lines = Array.from({ length: tasks }, () => JSON.stringify(prompt()));
      await writeFile(file, lines.join("\n"));
      return await looptrace(["batch", file, "--quiet", "--concurrency", String(concurrency)]);
    },
  };
}

const SAMPLE_MS = 50;

/** The most that all processes of a session together held at one time, by samples. */
async function memoryOf(bench: IsolatedOpenCode, driver: "cli" | "server", play: Player): Promise<Comparison> {
  const peak = async (work: () => Promise<unknown>): Promise<number> => {
    let most = 0;
    const sampling = setInterval(() => {
      most = Math.max(most, megabytesOf(bench.home));
    }, SAMPLE_MS);
    await work();
    clearInterval(sampling);
    return most;
  };
  const figures = { looptrace: await peak(() => play.looptrace(driver)), bare: await peak(play.bare) };
  return {
    name: `the same, peak memory of all processes`,
    unit: "MB",
    ...figures,
    ratio: figures.looptrace / figures.bare,
    rounds: 1,
  };
}

async function batches(bench: IsolatedOpenCode, play: Player, tasks: number): Promise<Comparison[]> {
  const loop = async (): Promise<number> => {
    let sum = 0;
    for (let done = 0; done < tasks; done += 1) sum += (await play.bare()).wallMs;
    return sum;
  };
  const one = (await play.batch(tasks, 1)).wallMs;
  const bare = await loop();
  const four = (await play.batch(tasks, 4)).wallMs;
  void bench;
  const perMinute = (ms: number) => `${((tasks * 60_000) / ms).toFixed(0)} sessions a minute`;
  return (
    [
      [1, one],
      [4, four],
    ] as const
  ).map(([concurrency, ms]) => ({
    name: `looptrace batch of ${tasks}, concurrency ${concurrency} (bare: opencode run in a loop)`,
    unit: "ms" as const,
    looptrace: ms,
    bare,
    ratio: ms / bare,
    ...(concurrency === 4 ? { aim: 0.25 } : {}),
    rounds: 1,
    note: `${perMinute(ms)}, bare ${perMinute(bare)}`,
  }));
}

/** The memory that the processes with this home hold, each page counted where it is shared by its share; Linux only. */
function megabytesOf(home: string): number {
  const kilobytes = processesOf(home).map((pid) => {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
      return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024;
}

/** Processes, and temporary files of looptrace's; opencode itself leaves a library at each bare start. */
function leftBy(bench: IsolatedOpenCode): string[] {
  return [
    ...processesOf(bench.home).map((pid) => `process ${pid}`),
    ...readdirSync(bench.tmpdir).filter((name) => name.startsWith("looptrace-")),
  ];
}
