import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvidence } from "../../src/opencode/evidence.js";
import { built, builtModule, builtPath, builtUrl } from "./built.js";
import { alternate, type Comparison, duration } from "./measure.js";
import type { Plan } from "./sizes.js";
import { syntheticSession } from "./synthetic-session.js";

/** How much memory looptrace's work takes: each side a process of its own. */
export async function compareMemories(plan: Plan): Promise<readonly Comparison[]> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-bench-"));
  try {
    const comparisons: Comparison[] = [];
    for (const { megabytes } of plan.exports) {
      const files = await writeExports(folder, megabytes);
      for (const step of ["trace", "otlp"] as const) {
        comparisons.push(await compareMemory(step, megabytes, files, plan.memoryRounds));
      }
    }
    return comparisons;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How long `looptrace` and the library take to start: each side a process of its own. */
export async function compareStarts({ exports, startRounds }: Plan): Promise<readonly Comparison[]> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-bench-"));
  try {
    const main = builtPath("cli/main.js");
    const megabytes = exports[0]?.megabytes ?? 1;
    const [file = ""] = await writeExports(folder, megabytes);
    const id = await keepExport(file, join(folder, "home"));
    const comparisons: Comparison[] = [];
    const noView = (): Promise<void> => rm(join(folder, "home", "views"), { recursive: true, force: true });
    const noCode = { NODE_DISABLE_COMPILE_CACHE: "1" };
    for (const [name, argv, aim, before, more] of [
      ["looptrace --version", ["--version"], 1.3],
      ["looptrace --help", ["--help"], 1.3],
      [`looptrace show of a kept session, ${megabytes} MB, the first`, ["show", id], 4, noView],
      [`looptrace show of a kept session, ${megabytes} MB, a later one`, ["show", id], 2.5],
      [
        `looptrace show of a kept session, ${megabytes} MB, the first, with no code kept`,
        ["show", id],
        undefined,
        noView,
        noCode,
      ],
      [
        `looptrace show of a kept session, ${megabytes} MB, a later one, with no code kept`,
        ["show", id],
        undefined,
        undefined,
        noCode,
      ],
      [`looptrace show of a file, ${megabytes} MB`, ["show", file], undefined],
    ] as const) {
      const compared = await compareStart(name, [main, ...argv], startRounds, folder, before, more);
      comparisons.push({ ...compared, ...(aim === undefined ? {} : { aim }) });
    }
    const importing = `await import(${JSON.stringify(builtUrl("index.js"))})`;
    const library = ["--input-type=module", "-e", importing];
    comparisons.push(await compareStart("import of the library", library, startRounds, folder));
    return comparisons;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Keeps an export as a run does that looptrace has driven. @returns the session's id */
export async function keepExport(file: string, home: string): Promise<string> {
  const text = await readFile(file, "utf8");
  const session = built.readExport(text, file);
  const [tree] = built.assembleSessions([session]);
  if (!tree) throw new Error(`${file} holds no session`);
  const { id, time } = session.info;
  const run: RunEvidence = {
    ...{ id: "bench", attempt: 0, streamErrors: [], stderr: "" },
    ...{ exit: { kind: "exited", code: 0 }, startedAt: time.created, endedAt: time.updated ?? time.created },
  };
  const recorder = new built.SessionRecorder({ paths: built.storePathsAt(home), masking: { environment: {} } });
  const { stored, notes } = await recorder.record({ tree, raw: new Map([[id, text]]), runs: [{ run }] }, null);
  if (!stored) throw new Error(notes.join(" "));
  return id;
}

/** Writes a synthetic session of that size, a file for each export. */
export async function writeExports(folder: string, megabytes: number): Promise<readonly string[]> {
  const { exports } = syntheticSession(megabytes * 1e6);
  const files = exports.map((_, index) => join(folder, `${megabytes}-${index}.json`));
  for (const [index, text] of exports.entries()) await writeFile(files[index] ?? "", text);
  return files;
}

/** On Linux a process's peak begins with the memory of the one that forked it; so a small one has to. */
const START_FROM_SMALL = `
  const { spawnSync } = require("node:child_process");
  process.exitCode = spawnSync(process.execPath, process.argv.slice(1), { stdio: "inherit" }).status ?? 1;`;

/** Reads the files that are named behind the program, as `texts`. */
export const READ_FILES = `
  import { readFileSync } from "node:fs";
  const texts = process.argv.slice(1).map((file) => readFileSync(file, "utf8"));`;
const TELL_MEMORY = `
  process.stdout.write(String(process.resourceUsage().maxRSS));`;

async function compareMemory(
  step: "trace" | "otlp",
  megabytes: number,
  files: readonly string[],
  rounds: number,
): Promise<Comparison> {
  const trace = `
    const { assembleSessions, readExport, traceSession } = await import(${JSON.stringify(builtUrl("index.js"))});
    const sessions = texts.map((text, index) => readExport(text, String(index)));
    const traces = assembleSessions(sessions).flatMap((tree) => traceSession(tree));`;
  const otlp = `
    const { encodeTrace } = ${builtModule("otel/encode-trace")};
    // As a delivery does: each goes to the disk before the next is made.
    let bytes = 0;
    for (const trace of traces) for (const { body } of encodeTrace(trace)) bytes += body.byteLength;`;
  const program = (work: string) => (): string =>
    runNode(["-e", START_FROM_SMALL, "--", "--input-type=module", "-e", READ_FILES + work + TELL_MEMORY, ...files]);
  const figures = await alternate(
    {
      looptrace: program(step === "trace" ? trace : trace + otlp),
      bare: program("const parsed = texts.map((text) => JSON.parse(text));"),
    },
    rounds,
    0,
    // getrusage(2) on Linux, as libuv hands it on: kilobytes.
    (side) => Promise.resolve(Number(side()) / 1000),
  );
  const what = step === "trace" ? "export → trace" : "export → OTLP";
  return { name: `peak memory, ${what}, ${megabytes} MB (bare: JSON.parse)`, unit: "MB", ...figures, rounds };
}

/** @param before is done before each start, and not measured */
async function compareStart(
  name: string,
  args: readonly string[],
  rounds: number,
  folder: string,
  before?: () => Promise<void>,
  more: Readonly<Record<string, string>> = {},
): Promise<Comparison> {
  const env = { PATH: process.env.PATH, HOME: folder, LOOPTRACE_HOME: join(folder, "home"), ...more };
  const figures = await alternate(
    { looptrace: () => runNode(args, env), bare: () => runNode(["-e", "0"], env) },
    rounds,
    2,
    async (side) => {
      await before?.();
      return duration(side);
    },
  );
  return { name: `${name} (bare: node -e 0)`, unit: "ms", ...figures, rounds };
}

/** @returns what Node printed. @throws when it failed */
export function runNode(args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
    env,
    encoding: "utf8",
    maxBuffer: 1e9,
  });
  if (status === 0) return stdout;
  throw new Error(`node ended with ${status}: ${error?.message ?? stderr}`);
}
