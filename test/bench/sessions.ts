import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseScenario } from "../provider/load-scenario.js";
import type { Scenario } from "../provider/scenario.js";
import { type IsolatedOpenCode, isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { builtPath } from "./built.js";
import { alternate, type Comparison, median } from "./measure.js";
import type { Plan } from "./sizes.js";

/**
 * What tracing costs a session of the real opencode: `looptrace run` by either driver, and `looptrace batch`, against
 * bare `opencode run`, on the same scripted sessions.
 */
export async function compareSessions({ sessionRounds, batchTasks }: Plan): Promise<readonly Comparison[]> {
  const warmUp = 1;
  const sessions = 4 * (sessionRounds + warmUp) + 4 + 3 * batchTasks + 1;
  const bench = await isolatedOpenCode(scenarioOf(sessions));
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

/** Three calls and two tools, with the pauses of a quick model. */
function scenarioOf(sessions: number): Scenario {
  const bash = (command: string) => ({ name: "bash", arguments: { command, description: "Looks" } });
  const pace = { delayMs: 150, firstChunkMs: 50, chunkMs: 10 };
  const usage = { input: 4_000, cached: 0, output: 60, reasoning: 10 };
  return parseScenario(
    JSON.stringify({
      name: "bench",
      description: "Sessions to be measured.",
      prompts: ["Go."],
      lanes: Array.from({ length: sessions }, (_, index) => ({
        name: `session-${index}`,
        match: `session number ${index}.`,
        replies: [
          { ...pace, text: "I look.", toolCalls: [bash("echo one")], usage },
          { ...pace, text: "And again.", toolCalls: [bash("echo two")], usage },
          { ...pace, text: "Done.", usage },
        ],
      })),
    }),
    "the benchmark's scenario",
  );
}

interface Took {
  readonly wallMs: number;
  /** Of all processes that were waited for. */
  readonly cpuMs: number;
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
    return `This is session number ${next - 1}.`;
  };
  const looptrace = (args: readonly string[]) =>
    timed(bench, process.execPath, [builtPath("cli/main.js"), ...args], {
      LOOPTRACE_OPENCODE: openCodeBinary(),
      LOOPTRACE_HOME: join(bench.home, "looptrace"),
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

/** bash adds up what its children took; Node knows only its own time. */
async function timed(
  bench: IsolatedOpenCode,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Took> {
  const figures = join(bench.home, "figures.txt");
  const script = `TIMEFORMAT='%R %U %S'; { time "$@" >/dev/null 2>"$ERRORS" </dev/null; } 2>"$FIGURES"`;
  const errors = join(bench.home, "errors.txt");
  closeSync(openSync(errors, "w"));
  const child = spawn("/bin/bash", ["-c", script, "bash", program, ...args], {
    cwd: bench.workdir,
    env: { ...bench.env, ...env, FIGURES: figures, ERRORS: errors },
    stdio: "ignore",
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${await readFile(errors, "utf8")}`);
  const [wall = 0, user = 0, system = 0] = (await readFile(figures, "utf8")).trim().split(/\s+/).map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 };
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

function processesOf(home: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`HOME=${home}`);
    } catch {
      return false;
    }
  });
}

/** Processes, and temporary files of looptrace's; opencode itself leaves a library at each bare start. */
function leftBy(bench: IsolatedOpenCode): string[] {
  return [
    ...processesOf(bench.home).map((pid) => `process ${pid}`),
    ...readdirSync(bench.tmpdir).filter((name) => name.startsWith("looptrace-")),
  ];
}
