import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type IsolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { realOpencode2 } from "../support/real-opencode2.js";
import { benchLangfuse } from "./bench-langfuse.js";
import { builtPath } from "./built.js";
import { type Comparison, median, spreadOf } from "./measure.js";
import { endProcesses, processesOf } from "./process-times.js";
import { promptOf, quickSessions } from "./quick-sessions.js";
import { serveByHand } from "./serve-by-hand.js";
import type { Plan } from "./sizes.js";
import { type Took, timed } from "./timed.js";
import { usersOpenCode } from "./users-opencode.js";

/** The ways to one answer. */
const WAYS = ["bare", "attach", "cold", "first", "warm", "sent"] as const;
type Way = (typeof WAYS)[number];

/** What each is, and at most how many times what bare `opencode run` takes, or `--attach`. */
const NAMES: Readonly<Record<Exclude<Way, "bare" | "attach">, { readonly name: string; readonly aims: Aims }>> = {
  cold: { name: "looptrace run --cold", aims: {} },
  first: { name: "looptrace run that starts the server and leaves it", aims: { bare: 1 } },
  warm: { name: "looptrace run on the server that was left", aims: { bare: 0.35, attach: 0.8 } },
  sent: { name: "looptrace run on the server that was left, whose trace goes to a Langfuse", aims: {} },
};
interface Aims {
  readonly bare?: number;
  readonly attach?: number;
}

/**
 * What a server that is there already spares: `looptrace run` cold, as the first one and warm, against bare
 * `opencode run` and against `opencode run --attach` to a server that is kept by hand. Wall time, and CPU time of all
 * processes, what the servers took meanwhile among it. Then batches of looptrace's.
 *
 * A server is the quicker the more turns it has had: an engine compiles what runs often. So the one that warm runs find
 * is left by the first of them, and stays as long as the one that is kept by hand; what first runs leave is ended.
 */
export async function compareWarm(plan: Plan): Promise<readonly Comparison[]> {
  const comparisons = [...(await compareGeneration("opencode 1", openCodeBinary(), plan))];
  const second = realOpencode2();
  if (second !== undefined) comparisons.push(...(await compareGeneration("opencode 2", second, plan)));
  return comparisons;
}

async function compareGeneration(label: string, opencode: string, plan: Plan): Promise<readonly Comparison[]> {
  const { warmRounds, batchTasks } = plan;
  const sessions = (warmRounds + 1) * (WAYS.length + 1) + 3 * batchTasks + 2;
  const bench = await usersOpenCode(quickSessions(sessions));
  let next = 0;
  const prompt = (): string => {
    next += 1;
    return promptOf(next - 1);
  };
  const langfuse = await benchLangfuse();
  const looptrace = (args: readonly string[], warm: string, home = "looptrace", more = {}) =>
    timed(bench, process.execPath, [builtPath("cli/main.js"), ...args], {
      ...{ LOOPTRACE_OPENCODE: opencode, LOOPTRACE_HOME: join(bench.home, home), LOOPTRACE_WARM: warm, ...more },
    });
  const warmRun = () => looptrace(["run", "--quiet", prompt()], "10m", "looptrace-warm");
  // On a server of its own: keys of a provider or of Langfuse's make another one.
  const sentRun = () => looptrace(["run", "--quiet", prompt()], "10m", "looptrace-sent", langfuse.env);
  const isSecond = label.endsWith("2");
  try {
    // The first start of all makes opencode's database.
    const bare = () =>
      timed(bench, opencode, ["run", ...(isSecond ? ["--standalone"] : []), "--format", "json", prompt()]);
    await bare();
    await using server = await serveByHand(bench, opencode);
    await warmRun();
    await sentRun();
    const lasting = processesOf(bench.home);
    const stopServers = () => endProcesses(bench.home, lasting);
    const play: Readonly<Record<Way, () => Promise<Took>>> = {
      bare,
      attach: () =>
        timed(bench, opencode, ["run", isSecond ? "--server" : "--attach", server.url, "--format", "json", prompt()], {
          ...server.env,
        }),
      cold: () => looptrace(["run", "--quiet", prompt()], "0"),
      first: async () => {
        await stopServers();
        return await looptrace(["run", "--quiet", prompt()], "10m");
      },
      warm: warmRun,
      sent: sentRun,
    };
    const taken = new Map<Way, Took[]>(WAYS.map((way) => [way, []]));
    for (let round = -1; round < warmRounds; round += 1) {
      // Another one is first each time.
      for (const index of WAYS.keys()) {
        const way = WAYS[(index + round + WAYS.length) % WAYS.length] ?? "bare";
        const took = await play[way]();
        if (round >= 0) taken.get(way)?.push(took);
      }
    }
    const left = processesOf(bench.home);
    if (!lasting.some((pid) => left.includes(pid) && !server.pids.includes(pid)))
      throw new Error("The server of the warm runs did not stay until their end: they were on several.");
    const comparisons = rowsOf(label, taken);
    comparisons.push(...(await batches(label, { bench, bare, looptrace, prompt, stopServers }, batchTasks)));
    return comparisons;
  } finally {
    langfuse.close();
    // Ends what is left, too.
    await bench.remove();
  }
}

/** The rows of one generation: wall and CPU time, each against both anchors. */
function rowsOf(label: string, taken: ReadonlyMap<Way, readonly Took[]>): Comparison[] {
  const rows: Comparison[] = [];
  for (const way of ["cold", "first", "warm", "sent"] as const) {
    for (const anchor of ["bare", "attach"] as const) {
      for (const figure of ["wallMs", "cpuMs"] as const) {
        const own = (taken.get(way) ?? []).map((took) => took[figure]);
        const other = (taken.get(anchor) ?? []).map((took) => took[figure]);
        const ratios = own.map((ms, round) => ms / (other[round] ?? Number.NaN));
        const aim = figure === "wallMs" ? NAMES[way].aims[anchor] : undefined;
        rows.push({
          name: `${label}: ${NAMES[way].name}${figure === "cpuMs" ? ", CPU time of all processes" : ""} (bare: opencode run${anchor === "attach" ? " --attach" : ""})`,
          ...{ unit: "ms", looptrace: median(own), bare: median(other), ratio: median(ratios), rounds: own.length },
          ...(aim === undefined ? {} : { aim }),
          note: `half of the ratios ${spreadOf(ratios)}`,
        });
      }
    }
  }
  return rows;
}

interface Batching {
  readonly bench: IsolatedOpenCode;
  readonly bare: () => Promise<Took>;
  readonly looptrace: (args: readonly string[], warm: string) => Promise<Took>;
  readonly prompt: () => string;
  readonly stopServers: () => Promise<void>;
}

/** Batches of looptrace's that begin without a server, against a loop of bare runs. */
async function batches(
  label: string,
  { bench, bare, looptrace, prompt, stopServers }: Batching,
  tasks: number,
): Promise<Comparison[]> {
  const loop = { wallMs: 0, cpuMs: 0 };
  for (let done = 0; done < tasks; done += 1) {
    const { wallMs, cpuMs } = await bare();
    loop.wallMs += wallMs;
    loop.cpuMs += cpuMs;
  }
  const rows: Comparison[] = [];
  for (const concurrency of [1, 4]) {
    await stopServers();
    const file = join(bench.workdir, `tasks-${concurrency}.jsonl`);
    await writeFile(file, Array.from({ length: tasks }, () => JSON.stringify(prompt())).join("\n"));
    const took = await looptrace(["batch", file, "--quiet", "--concurrency", String(concurrency)], "10m");
    for (const figure of ["wallMs", "cpuMs"] as const)
      rows.push({
        name: `${label}: batch of ${tasks}, concurrency ${concurrency}${figure === "cpuMs" ? ", CPU time of all processes" : ""} (bare: opencode run in a loop)`,
        ...{ unit: "ms", looptrace: took[figure], bare: loop[figure], ratio: took[figure] / loop[figure], rounds: 1 },
      });
  }
  return rows;
}
