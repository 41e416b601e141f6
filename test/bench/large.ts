/** What a very large session takes, and very many small ones: memory that does not grow with what is read, and a rate. */
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtModule, builtPath } from "./built.js";
import { keepSessions } from "./catalog.js";
import type { Comparison } from "./measure.js";
import { runNode } from "./processes.js";
import type { Plan } from "./sizes.js";
import { syntheticSession } from "./synthetic-session.js";

/** A session is made of pieces of so many bytes, each with ids that are later than those of the one before. */
const PIECE_BYTES = 40e6;
const LATER = 0x1_0000_0000n;

/** Tells the most memory that a process took, in kB, behind what it prints. */
const TELL = `data:text/javascript,${encodeURIComponent(
  'process.on("exit", () => process.stdout.write(String.fromCharCode(10) + process.resourceUsage().maxRSS));',
)}`;

export async function compareLarge({ largeMb, keptSessions }: Plan): Promise<readonly Comparison[]> {
  const root = await mkdtemp(join(tmpdir(), "looptrace-bench-"));
  try {
    return [oneLarge(root, largeMb), await manySmall(root, keptSessions)];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function oneLarge(root: string, megabytes: number): Comparison {
  const file = join(root, "large.json");
  writeLarge(file, megabytes * 1e6);
  const env = { PATH: process.env.PATH, HOME: root, LOOPTRACE_HOME: join(root, "home") };
  const start = performance.now();
  const shown = runNode(["--import", TELL, builtPath("cli/main.js"), "show", file], env);
  const seconds = (performance.now() - start) / 1000;
  const bytes = statSync(file).size;
  const looptrace = Number(shown.slice(shown.lastIndexOf("\n"))) / 1000;
  return {
    name: `peak memory, looptrace show of ${megabytes} MB in one file (bare: the file's bytes)`,
    unit: "MB",
    looptrace,
    bare: bytes / 1e6,
    ratio: looptrace / (bytes / 1e6),
    aim: 3,
    rounds: 1,
    note: `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`,
  };
}

/** As `opencode export` would write one session of so many bytes; a string of them could not be made. */
function writeLarge(path: string, bytes: number): void {
  const file = openSync(path, "w");
  let written = 0;
  for (let piece = 0; written < bytes; piece += 1) {
    const [text = ""] = syntheticSession(Math.min(PIECE_BYTES, bytes - written), 1 + piece).exports;
    const { info, messages } = JSON.parse(text) as { readonly info: object; readonly messages: readonly object[] };
    if (piece === 0) writeSync(file, `{\n  "info": ${JSON.stringify(info, undefined, 2)},\n  "messages": [\n`);
    for (const message of messages) {
      const own = laterIds(JSON.stringify(message, undefined, 2), BigInt(piece) * LATER);
      written += writeSync(file, written > 0 ? `,\n${own}` : own);
    }
  }
  writeSync(file, "\n  ]\n}\n");
  closeSync(file);
}

function laterIds(text: string, by: bigint): string {
  return text.replaceAll(
    /"((?:msg|prt)_)([0-9a-f]{12})/g,
    (_, prefix: string, bits: string) => `"${prefix}${(BigInt(`0x${bits}`) + by).toString(16).padStart(12, "0")}`,
  );
}

/** Loads, masks and traces kept sessions one after the other, as `trace --all` does. */
async function manySmall(root: string, sessions: number): Promise<Comparison> {
  await keepSessions(root, sessions);
  const script = `
    const { readdirSync, readFileSync } = await import("node:fs");
    const { loadSessions } = ${builtModule("sessions/load-sessions")};
    const { traceLoaded } = ${builtModule("sessions/loaded-session")};
    const { storePathsAt } = ${builtModule("files/store-paths")};
    const paths = storePathsAt(${JSON.stringify(root)});
    const names = readdirSync(paths.sessions).filter((name) => /^ses_\\w+\\.json$/.test(name));
    const options = { environment: {}, directory: ${JSON.stringify(root)}, paths, prefer: "kept", readStdin: async () => "", tellKept: false };
    let start = performance.now();
    for (const name of names) JSON.parse(readFileSync(paths.sessions + "/" + name, "utf8"));
    const bare = performance.now() - start;
    start = performance.now();
    let traces = 0;
    await loadSessions(names.map((name) => name.replace(".json", "")), options, (one) => void (traces += traceLoaded(one).length));
    console.log(JSON.stringify([performance.now() - start, bare, names.length, process.resourceUsage().maxRSS]));`;
  const told: unknown = JSON.parse(
    runNode(["--input-type=module", "-e", script], { PATH: process.env.PATH, HOME: root }),
  );
  const [looptrace = 0, bare = 0, read = 0, kilobytes = 0] = told as readonly number[];
  return {
    name: `${read} kept sessions loaded, masked and traced one after the other (bare: read, JSON.parse)`,
    unit: "ms",
    looptrace,
    bare,
    ratio: looptrace / bare,
    rounds: 1,
    note: `${(read / (looptrace / 1000)).toFixed(0)} sessions/s, at most ${(kilobytes / 1000).toFixed(0)} MB`,
  };
}
