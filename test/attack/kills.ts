import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProcesses, killProcesses } from "../../src/opencode/program/end-processes.js";
import { createRandom } from "../bench/random.js";
import { loadScenario } from "../provider/load-scenario.js";
import { cliEnvironment, violationsOf } from "../support/cli.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { startReceiver } from "../support/receiver.js";
import type { AttackResult } from "./support/attack.js";
import { endWithin, rawFailure, startBuilt } from "./support/start-built.js";
import { stubbornOpenCode } from "./support/stubborn-opencode.js";

export const name = "kills";

const SEED = 20_261_128;
/** With a program that stands in opencode's place, and with the real one, which takes seconds to start. */
const SCRIPTED = 40;
const REAL = 8;
/**
 * Nothing of a killed run may live for longer: some 3 s where the machine is quiet, several times that where it is not.
 */
const LONGEST_MS = 30_000;
const TRACE_MS = 60_000;

interface Killed {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly temporary: string;
}

/**
 * `looptrace run` is killed (SIGKILL) at any moment: within seconds nothing of opencode or its commands is at work, its
 * folder is gone, and `trace --last` sends all of what there is of the session, once.
 */
export async function run(): Promise<AttackResult> {
  if (process.platform !== "linux")
    return { figures: ["not tried: what is left running is found through /proc here"], failures: [] };
  const failures: string[] = [];
  const times: number[] = [];
  const random = createRandom(SEED);
  let sent = 0;
  let unknowns = 0;
  for (let index = 0; index < SCRIPTED; index += 1) {
    const place = await stubbornOpenCode();
    const afterMs = random.whole(0, 1_500);
    const what = `stand-in ${index}, killed after ${afterMs} ms`;
    try {
      times.push(await killAndLook(place, ["--driver", "cli"], afterMs, what, failures));
      const { spans, unknown } = await traceAll(place, what, failures);
      sent += spans;
      unknowns += unknown ? 1 : 0;
    } finally {
      await place.remove();
    }
  }
  for (let index = 0; index < REAL; index += 1) {
    const bench = await isolatedOpenCode(await loadScenario("killed"));
    const driver = index % 2 === 0 ? "server" : "cli";
    const afterMs = random.whole(0, 9_000);
    const what = `opencode by ${driver} ${index}, killed after ${afterMs} ms`;
    const place = { env: cliEnvironment(bench), cwd: bench.workdir, temporary: bench.tmpdir };
    try {
      times.push(await killAndLook(place, ["--driver", driver], afterMs, what, failures));
      const { spans, unknown } = await traceAll(place, what, failures);
      sent += spans;
      unknowns += unknown ? 1 : 0;
    } finally {
      await bench.remove();
    }
  }
  const slowest = Math.max(...times) / 1_000;
  const figures = [
    `${SCRIPTED} runs of a stubborn stand-in and ${REAL} of opencode killed: the last process was gone after ${slowest.toFixed(1)} s at most`,
    `${sent} spans of what they left sent, each once; ${unknowns} were killed before looptrace knew of the session, whose open spans wait`,
  ];
  return { figures, failures };
}

/** @returns after how many ms the last process was gone */
async function killAndLook(
  { env, cwd, temporary }: Killed,
  flags: readonly string[],
  afterMs: number,
  what: string,
  failures: string[],
): Promise<number> {
  const mark = randomUUID();
  const { child, ended } = startBuilt(["run", ...flags, "Wait for the build."], {
    env: { ...env, LOOPTRACE_RUN_ID: mark },
    cwd,
  });
  await sleep(afterMs);
  child.kill("SIGKILL");
  const killedAt = performance.now();
  const left = (): readonly unknown[] => [...findProcesses(mark), ...runFolders(temporary)];
  while (left().length > 0 && performance.now() - killedAt < LONGEST_MS) await sleep(50);
  const tookMs = performance.now() - killedAt;
  const alive = findProcesses(mark);
  if (alive.length > 0) failures.push(`${what}: ${alive.length} processes were at work after ${LONGEST_MS} ms`);
  for (const folder of runFolders(temporary)) failures.push(`${what}: ${folder} was left`);
  killProcesses(mark);
  await ended;
  return tookMs;
}

function runFolders(temporary: string): readonly string[] {
  return existsSync(temporary) ? readdirSync(temporary).filter((name) => /^looptrace-\d+-/.test(name)) : [];
}

interface Traced {
  readonly spans: number;
  /**
   * The kill came before looptrace knew which session it was, which with `opencode run` is some ms after it has begun:
   * what has not ended waits then, as it might be somebody else's.
   */
  readonly unknown: boolean;
}

const NOTHING: Traced = { spans: 0, unknown: false };

/** Whether the killed run had noted whose session it is. */
function isNoted(env: Killed["env"]): boolean {
  const root = env.LOOPTRACE_HOME ?? join(env.XDG_DATA_HOME ?? "", "looptrace");
  const sessions = join(root, "sessions");
  return existsSync(sessions) && readdirSync(sessions).some((file) => file.includes(".owner-"));
}

async function traceAll({ env, cwd }: Killed, what: string, failures: string[]): Promise<Traced> {
  const receiver = await startReceiver();
  const keys = { LANGFUSE_PUBLIC_KEY: "pk-lf-attack", LANGFUSE_SECRET_KEY: "sk-lf-attack" };
  const around = { env: { ...env, ...keys, LANGFUSE_BASE_URL: receiver.url }, cwd };
  try {
    const end = await endWithin(startBuilt(["trace", "--last"], around), TRACE_MS);
    const raw = rawFailure(end);
    if (raw !== undefined || end === "hung") {
      failures.push(`${what}: trace --last: ${raw}`);
      return NOTHING;
    }
    // Killed before there was a session.
    if (end.code === 2 && end.stderr.includes("No session is kept yet, and opencode has none")) return NOTHING;
    const pushed = await endWithin(startBuilt(["push"], around), TRACE_MS);
    const spans = receiver.spans();
    if (end.code !== 0 || pushed === "hung" || pushed.code !== 0)
      failures.push(`${what}: trace --last ended with ${end.code}: ${end.stderr.slice(0, 300)}`);
    const unknown = end.stderr.includes("may still be at work");
    if (unknown && isNoted(env)) failures.push(`${what}: it was said to be at work still`);
    if (new Set(spans.map(({ spanId }) => spanId)).size !== spans.length) failures.push(`${what}: a span came twice`);
    if (!unknown && spans.length > 0 && !spans.some(({ name }) => name === "opencode.loop"))
      failures.push(`${what}: the loop's span was not sent`);
    failures.push(...violationsOf(receiver).map((violation) => `${what}: ${violation}`));
    return { spans: spans.length, unknown };
  } finally {
    await receiver.close();
  }
}
