import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import * as zlib from "node:zlib";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { readRecording } from "../../../src/wire/recording/read-recording.js";
import { type OpenRecord, openRecord } from "../../provider/recorded-request.js";
import { compareRecording, linesIn } from "../../support/compare-recording.js";
import { openCodeBinary } from "../../support/isolated-opencode.js";
import { patiently } from "../../support/patience.js";
import { preloaded } from "../../support/preloaded.js";

const FRAMES = Array.from({ length: 3003 }, (_, index) => `data: ${index} ${"ü".repeat(100)}\n\n`).join("");
/** Not in all versions of Node.js. */
const newer: { readonly gzipSync: unknown; readonly zstdCompressSync?: (text: string) => Buffer } = zlib;
const PACKERS: Readonly<Record<string, ((text: string) => Buffer) | undefined>> = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: newer.zstdCompressSync,
};

/** A provider with what it got and answered; and opencode's Bun, to ask it with the tap in it. */
async function benchWithBun() {
  const folder = mkdtempSync(join(tmpdir(), "tap-in-bun-"));
  const [requests, bodies, answers]: [OpenRecord[], string[], string[]] = [[], [], []];
  const waiting: (() => void)[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const [, way = ""] = request.url?.split("/") ?? [];
    if (way === "redirected") {
      response.writeHead(307, { location: "/plain/v1/chat/completions" }).end();
      return;
    }
    const facts = { path: request.url ?? "", model: "m1", body, headers: request.headers, choice: undefined };
    const record = openRecord({ number: requests.length + 1, received: 0, ...facts });
    const answer = way === "many" ? FRAMES : `data: ${way} ü\n\n`;
    requests.push(Object.assign(record, { status: 200 }));
    bodies.push(body);
    answers.push(answer);
    await answered(response, way, answer);
  });
  const answered = async (response: ServerResponse, way: string, answer: string): Promise<void> => {
    const [, encoding = ""] = way.split("packed-");
    const pack = PACKERS[encoding];
    response.writeHead(200, { "content-type": "text/event-stream", ...(pack ? { "content-encoding": encoding } : {}) });
    if (way === "hanging") return void response.write(answer);
    if (way !== "slow") return void response.end(pack?.(answer) ?? answer);
    // None is answered before all are there, the last one first.
    response.write(answer.slice(0, 5));
    waiting.unshift(() => response.end(answer.slice(5)));
    if (waiting.length === 3) for (const end of waiting) end();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const { port } = server.address() as AddressInfo;
  const recordings = mkdtempSync(join(folder, "wire-"));
  const env = { ...(await preloaded(folder, recordings)), PATH: process.env.PATH ?? "", HOME: folder, BUN_BE_BUN: "1" };
  const script = fileURLToPath(new URL("./in-bun.ts", import.meta.url));
  const run = (way: string) =>
    execa(openCodeBinary(), ["run", script, `http://127.0.0.1:${port}`, way], { env, extendEnv: false, reject: false });
  const recording = (): string =>
    readdirSync(recordings)
      .map((name) => readFileSync(join(recordings, name), "utf8"))
      .join("");
  return { run, recording, provider: { requests, bodies, answers } };
}

test("packed answers, a redirect, requests at once, an image, thousands of frames: all as they were", async () => {
  const { run, recording, provider } = await benchWithBun();
  const { stdout, stderr, exitCode } = await run("all");
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  const seen = JSON.parse(stdout);
  expect(seen.packed.map((one: { readonly text: string }) => one.text)).toEqual(
    ["gzip", "deflate", "br", "zstd"].map((name) => `data: packed-${name} ü\n\n`),
  );
  expect(seen.redirected).toMatchObject({ status: 200, redirected: true, text: "data: plain ü\n\n" });
  expect(seen.redirected.url).toMatch(/\/plain\/v1\/chat\/completions$/);
  expect(seen.many.text).toBe(FRAMES);

  // A body that is a stream, or in an object, can be read but once: it is opencode's.
  const isReadable = (index: number): boolean => !/as (?:a stream|an object)/.test(provider.bodies[index] ?? "");
  const only = <T>(list: readonly T[]): readonly T[] => list.filter((_, index) => isReadable(index));
  const { requests, bodies, answers } = provider;
  const known = { requests: only(requests), bodies: only(bodies), answers: only(answers) };
  expect(provider.bodies.length - known.bodies.length).toBe(2);
  const compared = compareRecording(recording(), known);
  expect(compared).toMatchObject({ problems: [], requests: 11, bodies: 11, answers: 11 });
  const { exchanges, notes } = readRecording(recording(), "recording");
  expect(notes).toEqual([expect.stringContaining("a request whose body is a stream is left out")]);
  expect(exchanges.map(({ end }) => end.how)).toEqual(exchanges.map(() => "complete"));
  expect(exchanges.flatMap(({ url }) => (url.includes("/redirected/") ? [url] : []))).toHaveLength(1);
  const lengths = linesIn(recording()).flatMap(({ t, text: part }) => (t === "part" ? [part?.length ?? 0] : []));
  expect(Math.max(...lengths)).toBeLessThan(400_000);
});

test("what had come of an answer when opencode was killed is there", async () => {
  const { run, recording } = await benchWithBun();
  const running = run("hanging");
  await expect.poll(recording, { timeout: patiently(20_000) }).toContain('{"t":"part"');
  running.kill("SIGKILL");
  await running;
  const { exchanges, notes } = readRecording(recording(), "recording");
  expect(notes).toEqual([]);
  expect(exchanges).toMatchObject([
    { response: { status: 200, chunks: [{ text: "data: hanging ü\n\n" }] }, end: { how: "open", at: null } },
  ]);
});
