/**
 * What recording the requests to models costs: wall and CPU time of `looptrace run` with and without, by turns, as
 * ratios; how far the recorded times are from the provider's own; what a long session takes on disk.
 *
 *   npm run build && npx tsx test/bench/wire.ts [pairs]
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { readRecording } from "../../src/wire/recording/read-recording.js";
import { loadScenario } from "../provider/load-scenario.js";
import { loadTap } from "../support/loaded-tap.js";
import { builtPath } from "./built.js";
import { usersOpenCode } from "./users-opencode.js";

const PAIRS = Number(process.argv[2] ?? 10);
const main = builtPath("cli/main.js");
const scenario = await loadScenario("multistep");

interface Played {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Recorded minus the provider's own, ms. */
  readonly offsets: Readonly<Record<"request" | "headers" | "firstByte" | "lastByte", readonly number[]>>;
}

async function play(isRecorded: boolean): Promise<Played> {
  await using bench = await usersOpenCode(scenario);
  const env = { ...bench.env, LOOPTRACE_OPENCODE: bench.binary, TIMEFORMAT: "%R %U %S" };
  const args = [main, "run", "--quiet", ...(isRecorded ? [] : ["--no-wire"]), "Go."];
  const child = spawn("bash", ["-c", 'time "$0" "$@" >/dev/null 2>&1', process.execPath, ...args], {
    cwd: bench.workdir,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [said] = await Promise.all([text(child.stderr), once(child, "exit")]);
  const [, wall, user, system] = /^([\d.]+) ([\d.]+) ([\d.]+)$/m.exec(said) ?? [];
  if (child.exitCode !== 0) throw new Error(`looptrace run ended with ${child.exitCode}: ${said}`);
  const folder = join(bench.home, ".local", "share", "looptrace", "sessions");
  const kept = readdirSync(folder).filter((name) => /\.wire-.*\.jsonl$/.test(name));
  const exchanges = kept.flatMap((name) => readRecording(readFileSync(join(folder, name), "utf8"), name).exchanges);
  const offsets = { request: [], headers: [], firstByte: [], lastByte: [] } as Record<
    keyof Played["offsets"],
    number[]
  >;
  for (const [index, request] of bench.provider.requests.entries()) {
    const hash = createHash("sha256")
      .update(bench.provider.bodies[index] ?? "")
      .digest("hex");
    const seen = exchanges.find(({ body }) => body.hash === hash);
    const { received, headersSent = Number.NaN, firstChunk = Number.NaN, lastChunk = Number.NaN } = request;
    if (!seen?.response) continue;
    offsets.request.push(seen.sentAt - received);
    offsets.headers.push(seen.response.at - headersSent);
    offsets.firstByte.push((seen.response.chunks[0]?.at ?? Number.NaN) - firstChunk);
    offsets.lastByte.push((seen.response.chunks.at(-1)?.at ?? Number.NaN) - lastChunk);
  }
  return { wallMs: Number(wall) * 1000, cpuMs: (Number(user) + Number(system)) * 1000, offsets };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

const pairs: { readonly recorded: Played; readonly bare: Played }[] = [];
// The first pair finds the programs on disk.
for (let pair = -1; pair < PAIRS; pair += 1) {
  const isFirst = pair % 2 === 0;
  const one = await play(isFirst);
  const other = await play(!isFirst);
  if (pair >= 0) pairs.push(isFirst ? { recorded: one, bare: other } : { recorded: other, bare: one });
}
for (const what of ["wallMs", "cpuMs"] as const) {
  const ratios = pairs.map(({ recorded, bare }) => recorded[what] / bare[what]);
  const of = (side: "recorded" | "bare"): string =>
    quantile(
      pairs.map((pair) => pair[side][what]),
      0.5,
    ).toFixed(0);
  const spread = [0, 0.25, 0.5, 0.75, 1].map((q) => quantile(ratios, q).toFixed(3)).join(" ");
  process.stdout.write(`${what}: recorded ${of("recorded")}, not ${of("bare")}; ratios (0 25 50 75 100 %) ${spread}\n`);
}
for (const what of ["request", "headers", "firstByte", "lastByte"] as const) {
  const offsets = pairs.flatMap(({ recorded }) => recorded.offsets[what]);
  const spread = [0.05, 0.5, 0.95].map((q) => quantile(offsets, q).toFixed(1)).join(" ");
  process.stdout.write(`${what}: recorded minus the provider's, ms (5 50 95 %) ${spread}, ${offsets.length} of them\n`);
}

/** A session of 200 steps, each request of 300 kB. */
const folder = mkdtempSync(join(tmpdir(), "wire-bench-"));
try {
  const answer = 'data: {"choices":[{"delta":{"content":"word"}}]}\n\n'.repeat(20);
  const tap = loadTap({ env: { LOOPTRACE_WIRE_FOLDER: folder }, fetch: async () => new Response(answer) });
  const messages = [{ role: "system", content: "You are a helpful assistant. ".repeat(7_000) }];
  let sent = 0;
  const began = performance.now();
  for (let step = 0; step < 200; step += 1) {
    messages.push({
      role: "user",
      content: `${step} ${createHash("sha256").update(`${step}`).digest("hex").repeat(16)}`,
    });
    const body = JSON.stringify({ model: "m1", messages, tools: [] });
    sent += body.length;
    const headers = { "content-type": "application/json", "x-session-affinity": "ses_1" };
    await (await tap.fetch("http://127.0.0.1/v1/chat/completions", { method: "POST", headers, body })).text();
  }
  const took = performance.now() - began;
  const [name = ""] = readdirSync(folder);
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);
  process.stdout.write(
    `200 steps, ${megabytes(sent)} MB of requests: ${megabytes(statSync(join(folder, name)).size)} MB on disk, ${(took / 200).toFixed(2)} ms a step\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
