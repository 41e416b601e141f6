import { parseScenario } from "../provider/load-scenario.js";
import type { Scenario } from "../provider/scenario.js";

/** What asks for one of the sessions below. */
export function promptOf(session: number): string {
  return `This is session number ${session}.`;
}

/** Three calls and two tools, with the pauses of a quick model. */
export function quickSessions(sessions: number): Scenario {
  const bash = (command: string) => ({ name: "bash", arguments: { command, description: "Looks" } });
  const pace = { delayMs: 150, firstChunkMs: 50, chunkMs: 10 };
  const usage = { input: 4_000, cached: 0, output: 60, reasoning: 10 };
  return parseScenario(
    JSON.stringify({
      name: "bench",
      description: "Sessions to be measured.",
      prompts: ["Go."],
      lanes: Array.from({ length: sessions }, (_, index) => ({
        name: `session-${index}`,
        match: `session number ${index}.`,
        replies: [
          { ...pace, text: "I look.", toolCalls: [bash("echo one")], usage },
          { ...pace, text: "And again.", toolCalls: [bash("echo two")], usage },
          { ...pace, text: "Done.", usage },
        ],
      })),
    }),
    "the benchmark's scenario",
  );
}
