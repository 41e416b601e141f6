import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { inject } from "vitest";
import { runCli } from "../../src/cli/program.js";
import type { Terminal } from "../../src/cli/terminal.js";
import type { Program } from "./compile-sources.js";
import { PUBLIC_KEY, SECRET_KEY } from "./destinations.js";
import type { IsolatedOpenCode } from "./isolated-opencode.js";
import { patiently } from "./patience.js";
import type { Receiver } from "./receiver.js";

/** Most tests have a home of their own, where each start would keep its code for a next one that there is not. */
const NO_CODE_KEPT = { NODE_DISABLE_COMPILE_CACHE: "1" };

/** What a command line left. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSurroundings {
  /** The whole environment, not an addition to one. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin?: string;
  /** Columns of a terminal that both streams are; without it they are none. */
  readonly columns?: number;
}

/** Runs a command line in this process, as `main.ts` would. */
export async function looptrace(argv: readonly string[], around: CliSurroundings): Promise<CliResult> {
  return await inTerminal(around, (terminal) => runCli(argv, terminal));
}

/** What a program leaves that writes to a terminal and gives an exit code. */
export async function inTerminal(
  around: CliSurroundings,
  run: (terminal: Terminal) => Promise<number>,
): Promise<CliResult> {
  const written = { stdout: "", stderr: "" };
  const isTty = around.columns !== undefined;
  const code = await run({
    env: around.env,
    cwd: around.cwd,
    out: (text) => {
      written.stdout += text;
    },
    err: (text) => {
      written.stderr += text;
    },
    readStdin: async () => around.stdin ?? "",
    outIsTty: isTty,
    errIsTty: isTty,
    width: around.columns ?? 120,
    errWidth: around.columns ?? 120,
    errHeight: 24,
  });
  return { code, stdout: written.stdout, stderr: isTty ? written.stderr : withoutWaits(written.stderr) };
}

/**
 * What a command said but for its lines about what it is waiting for (`patientLine`): on a busy machine there is one
 * more of them, and no test but that line's own is about how long something took.
 */
export function withoutWaits(stderr: string): string {
  return stderr.replace(/^looptrace: [^\n]* …\n/gm, "");
}

/** A looptrace in a process of its own. */
export interface CliProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult & { readonly signal: NodeJS.Signals | null }>;
}

/** Node with one of the programs that tests start, as it is now. */
export function programCommand(source: Program): readonly [string, string] {
  return inNode(source.replace(/\.ts$/, ".js"));
}

function inNode(path: string): readonly [string, string] {
  return [process.execPath, join(inject("compiledSources"), path)];
}

/** Node with the command line, bundled for this run: the tests need no build. For `bash -c "$LOOPTRACE …"` as well. */
export const cliCommand = (): readonly [string, string] => inNode("dist/cli/main.js");

/** Starts a command line as a process, for what only a process shows: signals, pipes, exit codes. */
export function startLooptrace(argv: readonly string[], around: CliSurroundings): CliProcess {
  const [node = "", ...rest] = [...cliCommand(), ...argv];
  const child = spawn(node, rest, {
    cwd: around.cwd,
    env: {
      ...NO_CODE_KEPT,
      ...Object.fromEntries(Object.entries(around.env).filter(([, value]) => value !== undefined)),
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.end(around.stdin ?? "");
  const ended = once(child, "close").then(() => ({
    code: child.exitCode ?? -1,
    signal: child.signalCode,
    stdout,
    stderr: withoutWaits(stderr),
  }));
  return { child, ended };
}

/**
 * The environment for looptrace beside an isolated opencode: that opencode, and a Langfuse that the receiver stands
 * for. looptrace's own files are then below the bench's home too.
 */
export function cliEnvironment(bench: IsolatedOpenCode, receiver?: Receiver): Record<string, string> {
  return {
    ...bench.env,
    ...NO_CODE_KEPT,
    LOOPTRACE_OPENCODE: bench.binary,
    ...(receiver ? langfuseVariables(receiver.url) : {}),
  };
}

/**
 * A Langfuse, for the environment of looptrace. A delivery has 10 s: that is too few for some where all takes several
 * times as long, so that there, and only there, it has more.
 */
export function langfuseVariables(url: string): Record<string, string> {
  const seconds = Math.ceil(patiently(10_000) / 1000);
  return {
    LANGFUSE_PUBLIC_KEY: PUBLIC_KEY,
    LANGFUSE_SECRET_KEY: SECRET_KEY,
    LANGFUSE_BASE_URL: url,
    ...(seconds > 10 ? { LANGFUSE_TIMEOUT: String(seconds) } : {}),
  };
}

/** What the receiver found wrong with what arrived; that it knows no `/api/public/projects` is its own affair. */
export function violationsOf(receiver: Receiver): readonly string[] {
  const asked = new Set(
    receiver.requests.flatMap(({ method, path }, index) =>
      method === "GET" && path === "/api/public/projects" ? [`request ${index + 1}: method GET`] : [],
    ),
  );
  return receiver.violations.filter((text) => !asked.has(text) && !isBodyOf(text, asked));
}

function isBodyOf(text: string, asked: ReadonlySet<string>): boolean {
  const request = text.slice(0, text.indexOf(":"));
  return text === `${request}: the body is not JSON` && asked.has(`${request}: method GET`);
}
