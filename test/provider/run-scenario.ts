import { mkdtemp, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { type IsolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import type { Scenario } from "./scenario.js";

/** How one `opencode run` ended. */
export interface Turn {
  /** Absent when a signal ended it. */
  readonly exitCode?: number;
  readonly signal?: string;
  /** The stream of `--format json`. */
  readonly stdout: string;
  /** Warnings, and opencode's log at level INFO. */
  readonly stderr: string;
}

export interface ScenarioRun {
  readonly turns: readonly Turn[];
  /** What `opencode export` writes for each session, in the order in which they first asked the model. */
  readonly exports: readonly string[];
}

/**
 * Plays a scenario's prompts with the real opencode, kills it where the scenario says so, and exports its sessions.
 *
 * @param bench made from the same scenario
 * @param options.binary another opencode than the installed one
 * @param options.deadlineMs a turn that takes longer is killed; its `signal` says SIGKILL
 * @throws when an export fails
 */
export async function runScenario(
  scenario: Scenario,
  bench: IsolatedOpenCode,
  options: { readonly binary?: string; readonly deadlineMs?: number } = {},
): Promise<ScenarioRun> {
  const { binary = openCodeBinary(), deadlineMs = DEADLINE_MS } = options;
  const turns = await playPrompts(scenario, bench, options);
  const sessions = new Set(bench.provider.requests.flatMap(({ sessionId }) => sessionId ?? []));
  const exports: string[] = [];
  for (const session of sessions) {
    const { exitCode, stdout, stderr } = await runOpenCode(binary, ["export", session], bench, deadlineMs);
    if (exitCode !== 0) throw new Error(`opencode export ${session} failed: ${stderr}`);
    exports.push(stdout);
  }
  return { turns, exports };
}

const DEADLINE_MS = 90_000;

/** The same without the exports. */
export async function playPrompts(
  scenario: Scenario,
  bench: IsolatedOpenCode,
  options: { readonly binary?: string; readonly deadlineMs?: number } = {},
): Promise<readonly Turn[]> {
  const { binary = openCodeBinary(), deadlineMs = DEADLINE_MS } = options;
  const turns: Turn[] = [];
  for (const [index, prompt] of scenario.prompts.entries()) {
    const flags = ["--format", "json", "--print-logs", "--log-level", "INFO"];
    if (index > 0) flags.push("--continue");
    turns.push(await runOpenCode(binary, ["run", ...flags, ...prompt.flags, prompt.text], bench, deadlineMs, scenario));
  }
  return turns;
}

/** Both streams go to files: opencode ends without waiting for a pipe to be read. */
async function runOpenCode(
  binary: string,
  args: readonly string[],
  bench: IsolatedOpenCode,
  deadlineMs: number,
  scenario?: Scenario,
): Promise<Turn> {
  const folder = await mkdtemp(path.join(bench.tmpdir, "streams-"));
  const stdout = path.join(folder, "stdout");
  const stderr = path.join(folder, "stderr");
  const running = execa(binary, args, {
    cwd: bench.workdir,
    env: { ...bench.env },
    extendEnv: false,
    stdin: "ignore",
    stdout: { file: stdout },
    stderr: { file: stderr },
    reject: false,
    timeout: deadlineMs,
    killSignal: "SIGKILL",
  });
  const ended = new AbortController();
  const killing = scenario?.stopAfter && killAfter(scenario.stopAfter, running, bench, ended.signal);
  const result = await running;
  ended.abort();
  await killing;
  return {
    ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
    ...(result.signal === undefined ? {} : { signal: result.signal }),
    stdout: await readFile(stdout, "utf8"),
    stderr: await readFile(stderr, "utf8"),
  };
}

async function killAfter(
  stop: NonNullable<Scenario["stopAfter"]>,
  running: { kill(signal: NonNullable<Scenario["stopAfter"]>["signal"]): boolean },
  bench: IsolatedOpenCode,
  ended: AbortSignal,
): Promise<void> {
  try {
    await bench.provider.arrivalOf(stop.request, ended);
    await sleep(stop.ms, undefined, { signal: ended });
    running.kill(stop.signal);
  } catch (problem) {
    // It ended by itself before the moment came.
    if (!ended.aborted) throw problem;
  }
}
