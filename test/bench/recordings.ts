/**
 * What the recorded requests of a long session cost those that read it: CPU time and peak memory of `trace`, `show` and
 * `context` with the recording beside an export, against the same without it.
 */
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WireExchange } from "../../src/wire/model.js";
import { writeRecording } from "../../src/wire/recording/write-recording.js";
import { builtPath } from "./built.js";
import { alternate, type Comparison } from "./measure.js";
import { runNode } from "./processes.js";
import type { Plan } from "./sizes.js";
import { syntheticSession } from "./synthetic-session.js";

/** Runs the command line in this process, and tells of its peak in MB and its CPU time in ms behind what that prints. */
const TOLD = `
  const { writeSync } = require("node:fs");
  process.on("exit", () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    writeSync(1, "\\n" + JSON.stringify([maxRSS / 1000, (userCPUTime + systemCPUTime) / 1000]));
  });
  require(process.argv[1]);`;

export async function compareRecordings({ recordings, recordingRounds }: Plan): Promise<readonly Comparison[]> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-bench-"));
  const main = builtPath("cli/main.js");
  try {
    const comparisons: Comparison[] = [];
    for (const { requests, kilobytes, isText } of recordings) {
      const { session, recording, bytes } = recordedSession(requests, kilobytes * 1000, isText ?? false);
      await writeFile(join(folder, "with.json"), session);
      await writeFile(join(folder, "without.json"), session);
      await writeFile(join(folder, "with.wire.jsonl"), recording);
      // Of what is no JSON nothing tells what it is made of.
      for (const command of isText ? ["trace", "show"] : ["trace", "show", "context"]) {
        const told = (name: string): readonly [megabytes: number, ms: number] => {
          const env = { PATH: process.env.PATH, HOME: folder, LOOPTRACE_HOME: join(folder, "home") };
          // `context` ends with 1 where there is no recording.
          const own = command === "context" && name === "without" ? "show" : command;
          const said = runNode(["-e", TOLD, "--", main, own, `${join(folder, name)}.json`], env);
          const [megabytes, ms] = JSON.parse(said.slice(said.lastIndexOf("\n"))) as [number, number];
          return [megabytes, ms];
        };
        for (const [place, unit] of [
          [0, "MB"],
          [1, "ms"],
        ] as const) {
          const sides = { looptrace: () => told("with")[place], bare: () => told("without")[place] };
          const figures = await alternate(sides, recordingRounds, 0, async (side) => Number(side()));
          const what = `${requests} requests of ${kilobytes} kB${isText ? ", no JSON" : ""}`;
          comparisons.push({
            name: `${unit === "MB" ? "peak memory" : "CPU"}, looptrace ${command}, ${what} (bare: without the recording)`,
            unit,
            ...figures,
            rounds: recordingRounds,
            note: `recording ${(bytes / 1e6).toFixed(1)} MB`,
          });
        }
      }
    }
    return comparisons;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Message {
  readonly info: { readonly role: string; readonly time: { readonly created: number; readonly completed?: number } };
}

/** A session of so many calls, each of whose requests repeats the one before it; and those requests as a recording. */
function recordedSession(requests: number, bytes: number, isText: boolean) {
  const [text = ""] = syntheticSession(requests * 13_000, 1, 1_500).exports;
  const { info, messages } = JSON.parse(text) as {
    readonly info: { readonly id: string };
    readonly messages: Message[];
  };
  const said: object[] = [{ role: "system", content: wordsOf(0, 9_000) }];
  for (let at = 1; JSON.stringify(said).length < bytes - requests * 500; at += 1)
    said.push({ role: at % 2 === 0 ? "assistant" : "user", content: wordsOf(at, 20_000) });
  const tools = Array.from({ length: 14 }, (_, at) => ({
    type: "function",
    function: { name: `tool_${at}`, description: wordsOf(at, 1_500), parameters: { type: "object" } },
  }));
  const calls = messages.filter((message) => message.info.role === "assistant").slice(0, requests);
  const exchanges = calls.map(({ info: { time } }, n): WireExchange => {
    said.push({ role: "user", content: wordsOf(1_000 + n, 500) });
    const body = JSON.stringify({ model: "m1", messages: said, tools });
    const sent = isText ? body.slice(1) : body;
    const at = time.created + 1;
    return {
      ...{ id: `1-a:${n}`, sessionId: info.id, parentSessionId: null, messageId: null, purpose: null, method: "POST" },
      ...{ url: "https://a.example/v1/chat/completions", headers: {}, sentAt: at },
      body: { text: sent, bytes: Buffer.byteLength(sent), hash: createHash("sha256").update(sent).digest("hex") },
      response: { status: 200, headers: {}, at: at + 1, bytes: 2, chunks: [{ at: at + 1, text: "{}", bytes: 2 }] },
      end: { how: "complete", at: (time.completed ?? at + 2) - 1, error: null },
    };
  });
  const recording = writeRecording({ exchanges, notes: [] });
  return { session: text, recording, bytes: recording.length };
}

/** Words that differ from text to text, as those of a session do. */
function wordsOf(seed: number, length: number): string {
  let state = seed + 1;
  const words: string[] = [];
  for (let size = 0; size < length; size += words.at(-1)?.length ?? 1) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    words.push(
      `${["step", "file", "reads", "value", "of", "the", "function"][state % 7]}${state % 13 === 0 ? state : ""} `,
    );
  }
  return words.join("");
}
