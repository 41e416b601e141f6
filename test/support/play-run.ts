import { readdirSync, readFileSync } from "node:fs";
import { parseScenario } from "../provider/load-scenario.js";
import type { Scenario } from "../provider/scenario.js";
import { cliEnvironment, looptrace } from "./cli.js";
import { longEnough, WARM_FIRST_S } from "./long-enough.js";
import { warmOpenCode } from "./warm-opencode.js";

export type Json = { readonly [key: string]: unknown };

/** What a reply says it took. */
export const usage = { input: 3000, cached: 0, output: 40, reasoning: 8 };

/** The reply that ends a turn well. */
export const answer: Json = { delayMs: 20, text: "Done.", usage };

/** A reply that breaks down after its content. */
export function broken(fault: Json, content: Json = { text: "It began" }): Json {
  return { delayMs: 20, ...content, fault };
}

/** An error in the body that OpenAI and those like it send. */
export function refused(status: number, message: string, more: Json = {}, headers: Json = {}): Json {
  const body = { error: { message, type: "error", code: null, ...more } };
  return { delayMs: 20, fault: { type: "status", status, headers, body } };
}

/** opencode 1.18 makes six requests before it gives up; one whose connection was lost is sent again beside them. */
export function untilGivenUp(reply: Json): Json[] {
  return Array.from({ length: 16 }, () => reply);
}

/** A scenario with one prompt, `Go.`, and these replies. */
export function madeScenario(replies: readonly Json[], more: Json = {}): Scenario {
  const text = JSON.stringify({
    name: "made-here",
    description: "Made by a test.",
    prompts: ["Go."],
    lanes: [{ name: "main", replies }],
    ...more,
  });
  return parseScenario(text, "a scenario made by a test");
}

/**
 * Plays a scenario through `looptrace run --json`, and looks for what it left behind: processes and temporary files.
 */
export async function playRun(wanted: Scenario, ...flags: readonly string[]) {
  const bench = await warmOpenCode(wanted);
  try {
    const around = { env: cliEnvironment(bench), cwd: bench.workdir };
    const { code, stdout, stderr } = await looptrace(["run", "--json", ...flags, "Go."], around);
    return {
      code,
      stderr,
      processes: process.platform === "linux" ? processesOf(bench.home) : [],
      files: readdirSync(bench.tmpdir),
      document: JSON.parse(stdout),
      requests: bench.provider.requests,
    };
  } finally {
    await bench.remove();
  }
}

/**
 * Plays a scenario up to a deadline, which comes after the model was asked.
 *
 * @param came what else is to have happened before the deadline
 */
export async function playToDeadline(
  wanted: Scenario,
  came: (played: Awaited<ReturnType<typeof playRun>>) => boolean = () => true,
) {
  return await longEnough(
    (seconds) => playRun(wanted, "--timeout", `${seconds}s`),
    (played) => played.requests.some(({ title }) => !title) && came(played),
    WARM_FIRST_S,
  );
}

function processesOf(home: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`HOME=${home}`);
    } catch {
      return false;
    }
  });
}
