import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { builtPath } from "../../bench/built.js";

export interface BuiltEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface BuiltRun {
  readonly child: ChildProcess;
  readonly ended: Promise<BuiltEnd>;
  /** The most memory that it had until now, in MB; undefined where the system does not tell, or it has ended. */
  peakMegabytes(): number | undefined;
}

export interface BuiltAround {
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin?: string;
  /** How many files it may have open. */
  readonly openFiles?: number;
  /** Another user to run as; only root can. */
  readonly uid?: number;
}

/** Starts the built looptrace as its users do. */
export function startBuilt(argv: readonly string[], around: BuiltAround): BuiltRun {
  const command = [process.execPath, builtPath("cli/main.js"), ...argv];
  const { openFiles, uid } = around;
  const limited =
    openFiles === undefined ? command : ["/bin/sh", "-c", `ulimit -n ${openFiles}; exec "$@"`, "sh", ...command];
  const [program = "", ...rest] = limited;
  const child = spawn(program, rest, {
    cwd: around.cwd,
    env: Object.fromEntries(Object.entries(around.env).filter(([, value]) => value !== undefined)),
    stdio: ["pipe", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(around.stdin ?? "");
  const ended = once(child, "close").then(() => ({
    code: child.exitCode,
    signal: child.signalCode,
    stdout,
    stderr,
  }));
  const peakMegabytes = (): number | undefined => {
    try {
      const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1000);
    } catch {
      return undefined;
    }
  };
  return { child, ended, peakMegabytes };
}

/** How it ended, but for one that does not within a time: that one is killed. */
export async function endWithin(run: BuiltRun, limitMs: number): Promise<BuiltEnd | "hung"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"hung">((resolve) => {
    timer = setTimeout(() => resolve("hung"), limitMs);
  });
  const first = await Promise.race([run.ended, late]);
  clearTimeout(timer);
  if (first === "hung") {
    run.child.kill("SIGKILL");
    await run.ended;
  }
  return first;
}

/** What an end shows that no user should see: a crash, or the words for what nobody foresaw. */
export function rawFailure(end: BuiltEnd | "hung"): string | undefined {
  if (end === "hung") return "it hung";
  if (end.signal !== null) return `it was ended by ${end.signal}`;
  const raw = /^ +at .+:\d+:\d+\)?$|node:internal|should not happen/m.exec(end.stderr)?.[0];
  return raw === undefined ? undefined : `it showed ${JSON.stringify(raw.trim())}: ${end.stderr.slice(0, 300)}`;
}
