/**
 * `looptrace trace --all` over very many sessions that lie in opencode's own store: what a session costs with all of
 * them against a quarter, whether memory grows with their number, and what a second run costs that finds all delivered.
 */
import { execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setInterval } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { memoryOf } from "../../src/opencode/warm/warm-server.js";
import { loadScenario } from "../provider/load-scenario.js";
import { playPrompts } from "../provider/run-scenario.js";
import { openCodeBinary } from "../support/isolated-opencode.js";
import { builtPath } from "./built.js";
import type { Comparison } from "./measure.js";
import { cpuMsOf, processesOf } from "./process-times.js";
import type { Plan } from "./sizes.js";
import { usersOpenCode } from "./users-opencode.js";

/** What is recorded, and then multiplied: with tools, with a subagent, with two turns. */
const SCENARIOS = ["multistep", "subagent", "two-turns"] as const;
const LOOK_EVERY_MS = 500;
/** On a busy machine a turn that is cut off would be one that may still be at work. */
const DEADLINE_MS = 600_000;

interface Traced {
  readonly seconds: number;
  /** Of looptrace and of all opencode's processes, the most that was seen; MB. */
  readonly memory: number;
  readonly serverMemory: number;
  /** Of all processes, s. */
  readonly cpu: number;
  readonly said: string;
}

export async function compareMany({ manySessions }: Plan): Promise<readonly Comparison[]> {
  const [few, many] = [Math.ceil(manySessions / 4), manySessions];
  const bench = await usersOpenCode(await loadScenario(SCENARIOS[0]));
  const receiver = fork(fileURLToPath(new URL("receiver-process.ts", import.meta.url)));
  try {
    const [port]: unknown[] = await once(receiver, "message");
    const data = join(bench.env.XDG_DATA_HOME ?? "", "opencode");
    await recordInto(bench.env.XDG_DATA_HOME ?? "");
    await playPrompts(await loadScenario(SCENARIOS[0]), bench, { deadlineMs: DEADLINE_MS });
    const recorded = join(bench.tmpdir, "recorded");
    await cp(data, recorded, { recursive: true });
    const env = {
      ...bench.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      LOOPTRACE_OPENCODE: bench.binary,
    };
    const runs: { readonly first: Traced; readonly second: Traced }[] = [];
    for (const sessions of [few, many]) {
      for (const folder of [data, join(bench.env.XDG_DATA_HOME ?? "", "looptrace")])
        await rm(folder, { recursive: true, force: true });
      await cp(recorded, data, { recursive: true });
      const script = fileURLToPath(new URL("multiply-sessions.ts", import.meta.url));
      execFileSync(openCodeBinary(), [script, data, String(sessions), bench.workdir], {
        env: { ...env, BUN_BE_BUN: "1" },
      });
      const run = () => traceAll(env, bench.home, bench.workdir);
      runs.push({ first: await run(), second: await run() });
    }
    const [small, large] = runs;
    if (!small || !large) throw new Error("nothing was run");
    const perSession = ({ first }: typeof small, sessions: number): number => (first.cpu * 1000) / sessions;
    const told = large.first.said.trim().split("\n").slice(-3).join("; ");
    const base = { rounds: 1 } as const;
    return [
      {
        ...base,
        name: `trace --all of ${many} sessions, CPU time of each (bare: of ${few})`,
        unit: "ms",
        looptrace: perSession(large, many),
        bare: perSession(small, few),
        ratio: perSession(large, many) / perSession(small, few),
        aim: 1.1,
        note: `${(many / large.first.seconds).toFixed(1)} sessions/s in all; ${told}`,
      },
      {
        ...base,
        name: `trace --all of ${many} sessions, looptrace's peak memory (bare: of ${few})`,
        unit: "MB",
        looptrace: large.first.memory,
        bare: small.first.memory,
        ratio: large.first.memory / small.first.memory,
        aim: 1.2,
        note: `opencode's server ${large.first.serverMemory.toFixed(0)} MB`,
      },
      {
        ...base,
        name: `trace --all of ${many} sessions again, CPU time (bare: the first time)`,
        unit: "ms",
        looptrace: large.second.cpu * 1000,
        bare: large.first.cpu * 1000,
        ratio: large.second.cpu / large.first.cpu,
        note: large.second.said.trim().split("\n").at(-1) ?? "",
      },
    ];
  } finally {
    receiver.disconnect();
    await bench.remove();
  }
}

/** Plays the other scenarios, with what they need each, and has opencode keep them in one store. */
async function recordInto(dataHome: string): Promise<void> {
  await mkdir(dataHome, { recursive: true });
  for (const name of SCENARIOS.slice(1)) {
    const scenario = await loadScenario(name);
    const own = await usersOpenCode(scenario);
    try {
      const shared = { ...own, env: { ...own.env, XDG_DATA_HOME: dataHome } };
      await playPrompts(scenario, shared, { deadlineMs: DEADLINE_MS });
    } finally {
      await own.remove();
    }
  }
}

async function traceAll(env: Readonly<Record<string, string>>, home: string, cwd: string): Promise<Traced> {
  const start = performance.now();
  const child = spawn(process.execPath, [builtPath("cli/main.js"), "trace", "--all"], {
    env,
    cwd,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said += text.toString();
  });
  const most = { memory: 0, serverMemory: 0 };
  const cpu = new Map<string, number>();
  const ended = new AbortController();
  const looking = (async () => {
    for await (const _ of setInterval(LOOK_EVERY_MS, undefined, { signal: ended.signal }))
      for (const pid of processesOf(home)) {
        const megabytes = (memoryOf(Number(pid)) ?? 0) / 1024;
        const of = pid === String(child.pid) ? "memory" : "serverMemory";
        most[of] = Math.max(most[of], megabytes);
        cpu.set(pid, await ownCpuMs(pid, pid === String(child.pid)));
      }
  })().catch(() => undefined);
  const [code] = await once(child, "exit");
  ended.abort();
  await looking;
  if (code !== 0) throw new Error(`looptrace trace --all ended with ${code}: ${said}`);
  const cpuMs = [...cpu.values()].reduce((sum, ms) => sum + ms, 0);
  return { seconds: (performance.now() - start) / 1000, cpu: cpuMs / 1000, said, ...most };
}

/** Without what those took that it has waited for, which are counted by themselves. */
async function ownCpuMs(pid: string, hasChildren: boolean): Promise<number> {
  if (!hasChildren) return cpuMsOf(pid);
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return (user + system) * 10;
}
