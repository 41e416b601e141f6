import { parseScenario } from "../provider/load-scenario.js";
import type { Scenario } from "../provider/scenario.js";

/** How the sessions are at work that are followed. */
export type Work = "as with a real model" | "without a pause";

/** By what the scripted model knows which session asks it. */
export function promptOf(session: number): string {
  return `This is session number ${session}.`;
}

/** As many sessions as asked for, of one turn each. */
export function followedSessions(work: Work, sessions: number, steps: number): Scenario {
  const { files, git, stepsOf } =
    work === "without a pause"
      ? { files: {}, git: false, stepsOf: () => hurriedSteps(steps) }
      : { files: projectFiles(), git: true, stepsOf: (session: number) => pacedSteps(session, steps) };
  return parseScenario(
    JSON.stringify({
      name: "bench",
      description: "Sessions that are at work for a while.",
      prompts: ["Go."],
      ...{ files, git },
      lanes: Array.from({ length: sessions }, (_, session) => ({
        name: `session-${session}`,
        match: promptOf(session),
        replies: stepsOf(session),
      })),
    }),
    "the benchmark's scenario",
  );
}

function wordsOf(count: number): string {
  return Array.from({ length: count }, (_, index) => `word${index % 37}`).join(" ");
}

/** Answers that begin at once, in many small pieces, with a tool behind each that takes no time. */
function hurriedSteps(steps: number): readonly object[] {
  const tool = { name: "bash", arguments: { command: "seq 1 400", description: "Counts" } };
  return Array.from({ length: steps }, (_, step) => ({
    ...{ delayMs: 100, firstChunkMs: 50, chunkMs: 20, chunks: 150, text: wordsOf(300) },
    ...(step < steps - 1 ? { toolCalls: [tool] } : {}),
    usage: { input: 4_000, cached: 0, output: 600, reasoning: 10 },
  }));
}

const FILES = 200;

/** A project of a size that people have: opencode takes a snapshot of it for each step. */
function projectFiles(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Array.from({ length: FILES }, (_, index) => [
      moduleName(index),
      Array.from({ length: 120 }, (_line, line) => `export const value${line} = ${index} * ${line};\n`).join(""),
    ]),
  );
}

function moduleName(index: number): string {
  return `src/part-${index % 10}/module-${index % FILES}.ts`;
}

/**
 * Answers as hosted models give them: after one and a half seconds, 50 pieces a second, first what it thinks, a few
 * words, and a call; and tools as agents use them: they read, search, write, and run something that takes a while.
 */
function pacedSteps(session: number, steps: number): readonly object[] {
  return Array.from({ length: steps }, (_, step) => ({
    ...{ delayMs: 1_200, firstChunkMs: 300, chunkMs: 20, chunks: 60, reasoning: wordsOf(90), text: wordsOf(60) },
    ...(step < steps - 1 ? { toolCalls: [toolOf(session, step)] } : {}),
    usage: { input: 8_000 + 900 * step, cached: 7_000 + 900 * step, output: 260, reasoning: 120 },
  }));
}

function toolOf(session: number, step: number): object {
  const index = session * 17 + step;
  const path = (name: string): string => `{{workdir}}/${name}`;
  switch (step % 4) {
    case 0:
      return { name: "read", arguments: { filePath: path(moduleName(index)) }, chunks: 20 };
    case 1:
      return { name: "grep", arguments: { pattern: `value${step}0 =`, path: path("src/part-3") }, chunks: 20 };
    case 2:
      return {
        name: "write",
        arguments: { filePath: path(`src/session-${session}.ts`), content: `// ${wordsOf(120)} ${step}\n` },
        chunks: 80,
      };
    default: {
      const command = `sleep 2; cat ${moduleName(index)} | head -n 60`;
      return { name: "bash", arguments: { command, description: "Runs the tests" }, chunks: 20 };
    }
  }
}
