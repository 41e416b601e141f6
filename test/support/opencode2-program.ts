import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { inject, onTestFinished } from "vitest";
import type { MirroredSession2 } from "../../src/opencode/v2/server/session-mirror.js";
import type { Turn } from "./opencode2-turns.js";

/** What the stand-in is told; a file of JSON. */
export interface Opencode2Settings {
  readonly version: string;
  /** The file of its sessions, as `startOpencode2Server` keeps them. */
  readonly store: string;
  /** The file in which it writes down its starts. */
  readonly calls: string;
  readonly turns?: readonly Turn[];
  readonly turnsOf?: Readonly<Record<string, readonly Turn[]>>;
  /** Commands that it does not know. */
  readonly without: readonly string[];
  /** Whether its server fails to give messages out. */
  readonly brokenMessages: boolean;
}

/** One start of the stand-in. */
export interface Opencode2Call {
  readonly argv: readonly string[];
  readonly pid: number;
  readonly pwd?: string | undefined;
  readonly tmpdir?: string | undefined;
  /** The names of OpenTelemetry's variables that it has got. */
  readonly otel: readonly string[];
}

/** A session as an export has it. */
export type Session2 = Pick<MirroredSession2, "info" | "messages">;

export interface Opencode2Program {
  /** Of `opencode2`. */
  readonly path: string;
  readonly folder: string;
  /** An empty folder to work in. */
  readonly workdir: string;
  /** An environment with this opencode alone on the PATH, and a home of its own. */
  readonly env: Readonly<Record<string, string>>;
  /** All starts but those for `--version`. */
  readonly calls: () => Promise<readonly Opencode2Call[]>;
}

export interface Opencode2ProgramOptions
  extends Partial<Pick<Opencode2Settings, "version" | "turns" | "turnsOf" | "without" | "brokenMessages">> {
  readonly sessions?: readonly Session2[];
  /** Under which name it is installed. */
  readonly name?: "opencode" | "opencode2";
}

/**
 * A program in place of `opencode2`, with sessions in its store. It asks no model. Removed with the test.
 *
 * @example
 * ```ts
 * const opencode2 = await opencode2Program({ sessions: [await loadSession("multistep")] });
 * await looptrace(["show", id, "--opencode", opencode2.path], { env: opencode2.env, cwd: opencode2.workdir });
 * ```
 */
export async function opencode2Program(options: Opencode2ProgramOptions = {}): Promise<Opencode2Program> {
  const {
    version = "2.0.26",
    sessions = [],
    turns,
    turnsOf,
    without = [],
    brokenMessages = false,
    name = "opencode2",
  } = options;
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), "opencode2-program-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const [bin, workdir] = [path.join(folder, "bin"), path.join(folder, "work")];
  for (const one of [bin, workdir]) await mkdir(one);
  const [store, calls] = [path.join(folder, "store.json"), path.join(folder, "calls.jsonl")];
  // Of the one project that the stand-in has.
  const own = sessions.map(({ info, messages }) => ({ info: { ...info, projectID: "global" }, messages }));
  await writeFile(store, JSON.stringify({ sessions: own, claims: [] }));
  await writeFile(calls, "");
  const settings: Opencode2Settings = {
    version,
    store,
    calls,
    without,
    brokenMessages,
    ...(turns ? { turns } : {}),
    ...(turnsOf ? { turnsOf } : {}),
  };
  const settingsPath = path.join(folder, "settings.json");
  await writeFile(settingsPath, JSON.stringify(settings));
  const main = path.join(inject("compiledSources"), "test/support/opencode2-program-main.js");
  const program = path.join(bin, name);
  // What it says of its version costs no start of node.
  const text = `#!/bin/sh\n[ "$1" = --version ] && echo '${name} v${version}' && exit 0\nexec '${process.execPath}' '${main}' '${settingsPath}' "$@"\n`;
  await writeFile(program, text);
  await chmod(program, 0o755);
  return {
    path: program,
    folder,
    workdir,
    env: {
      ...{ PATH: `${bin}:/usr/bin:/bin`, HOME: folder, LOOPTRACE_HOME: path.join(folder, "looptrace") },
      LOOPTRACE_WARM: "0",
    },
    calls: async () => {
      const lines = (await readFile(calls, "utf8")).trim().split("\n").filter(Boolean);
      return lines.map((line): Opencode2Call => JSON.parse(line));
    },
  };
}
