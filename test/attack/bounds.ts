import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadFixture } from "../support/fixtures.js";
import { HOSTILITIES, hostileServer } from "../support/hostile-server.js";
import type { AttackResult } from "./support/attack.js";
import { endWithin, rawFailure, startBuilt } from "./support/start-built.js";

export const name = "bounds";

const FOLLOWED_MS = 6_000;
const MOST_MEGABYTES = 700;
const LIMIT_MS = 45_000;
/** Below that Node itself does not start. */
const OPEN_FILES = [20, 22, 24, 28, 32, 48, 64, 100] as const;
const LEVELS = 100_000;

/** A server that tells without an end, files that are nested without one, and a system that opens no more files. */
export async function run(): Promise<AttackResult> {
  const failures: string[] = [];
  const home = await mkdtemp(join(tmpdir(), "attack-bounds-"));
  try {
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      LOOPTRACE_HOME: join(home, "lt"),
      LOOPTRACE_OPENCODE: join(home, "opencode"),
    };
    const around = { env, cwd: home };
    await writeFile(join(home, "opencode"), '#!/bin/sh\n[ "$1" = --version ] && echo 1.18.33 && exit 0\nexit 1\n', {
      mode: 0o755,
    });
    await writeFile(join(home, "e.json"), loadFixture("multistep@1.18.33").text);
    await writeFile(join(home, "tasks.jsonl"), '"Go."\n');
    return {
      figures: [
        await hostileServers(around, failures),
        await fewFiles(around, failures),
        await deepFiles(around, failures),
      ],
      failures,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

interface Around {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

async function hostileServers(around: Around, failures: string[]): Promise<string> {
  let peak = 0;
  for (const hostility of HOSTILITIES) {
    const server = await hostileServer(hostility);
    try {
      const attach = startBuilt(["attach", server.url], around);
      await Promise.race([sleep(FOLLOWED_MS), attach.ended]);
      const megabytes = attach.peakMegabytes() ?? 0;
      peak = Math.max(peak, megabytes);
      attach.child.kill("SIGINT");
      const raw = rawFailure(await endWithin(attach, LIMIT_MS));
      if (raw !== undefined) failures.push(`attach, ${hostility}: ${raw}`);
      if (megabytes > MOST_MEGABYTES) failures.push(`attach, ${hostility}: it took ${megabytes} MB`);
    } finally {
      await server.close();
    }
  }
  return `attach to ${HOSTILITIES.length} hostile servers for ${FOLLOWED_MS / 1000} s each: ${peak} MB at most, and each ended when asked to`;
}

const COMMANDS = [
  ["show", "e.json"],
  ["trace", "e.json"],
  ["check", "e.json", "--max-steps", "9"],
  ["push"],
  ["run", "--driver", "cli", "Go."],
  ["run", "Go."],
  ["batch", "tasks.jsonl", "-o", "results.jsonl"],
  ["doctor"],
] as const;

async function fewFiles(around: Around, failures: string[]): Promise<string> {
  for (const openFiles of OPEN_FILES) {
    for (const argv of COMMANDS) {
      const raw = rawFailure(await endWithin(startBuilt(argv, { ...around, openFiles }), LIMIT_MS));
      if (raw !== undefined) failures.push(`ulimit -n ${openFiles}, ${argv.join(" ")}: ${raw}`);
    }
  }
  return `${OPEN_FILES.length * COMMANDS.length} commands with ${OPEN_FILES[0]} to ${OPEN_FILES.at(-1)} open files: one line and an exit code each`;
}

async function deepFiles(around: Around, failures: string[]): Promise<string> {
  const shapes = {
    lists: "[".repeat(LEVELS) + "]".repeat(LEVELS),
    objects: `${'{"a":'.repeat(LEVELS)}1${"}".repeat(LEVELS)}`,
    open: "[".repeat(LEVELS),
    properties: `${'{"properties":{"a":'.repeat(LEVELS)}{}${"}}".repeat(LEVELS)}`,
  };
  let tried = 0;
  for (const [shape, deep] of Object.entries(shapes)) {
    const inside = {
      export: `{"info":{"id":"ses_1","x":${deep}},"messages":[]}`,
      task: `{"prompt":"x","metadata":{"a":${deep}}}`,
      config: `{"metadata":{"a":${deep}}}`,
      result: `{"id":"t","x":${deep}}\n`,
    };
    const cases: readonly (readonly [string, string, readonly string[]])[] = [
      ["deep.json", deep, ["show", "deep.json"]],
      ["deep.json", inside.export, ["trace", "deep.json"]],
      ["deep.jsonl", deep, ["batch", "deep.jsonl", "-o", "r.jsonl"]],
      ["deep.jsonl", inside.task, ["batch", "deep.jsonl", "-o", "r.jsonl"]],
      ["deep.results", inside.result, ["batch", "tasks.jsonl", "-o", "deep.results"]],
      ["schema.json", deep, ["run", "--schema", "schema.json", "Go."]],
      ["looptrace.config.json", deep, ["trace", "e.json"]],
      ["looptrace.config.json", inside.config, ["trace", "e.json"]],
    ];
    for (const [file, text, argv] of cases) {
      await writeFile(join(around.cwd, file), text);
      const raw = rawFailure(await endWithin(startBuilt(argv, around), LIMIT_MS));
      await rm(join(around.cwd, file));
      if (raw !== undefined) failures.push(`${shape} in ${file}, ${argv.join(" ")}: ${raw}`);
      tried += 1;
    }
  }
  return `${tried} files nested ${LEVELS} levels deep: one line and an exit code each`;
}
