import { isFields } from "../../src/text/json-fields.js";
import type { Scenario } from "./scenario.js";

/** What opencode 2 calls the tools of 1.x. */
const TOOLS: Readonly<Record<string, string>> = { bash: "shell", task: "subagent" };

/** And what their arguments are called. */
const ARGUMENTS: Readonly<Record<string, string>> = { filePath: "path", subagent_type: "agent" };

/** The same story for opencode 2: the model calls that one's tools, with its arguments. */
export function scenarioOf2(scenario: Scenario): Scenario {
  return {
    ...scenario,
    lanes: scenario.lanes.map((lane) => ({
      ...lane,
      replies: lane.replies.map((reply) => ({
        ...reply,
        toolCalls: reply.toolCalls.map((call) => ({
          ...call,
          name: TOOLS[call.name] ?? call.name,
          arguments: isFields(call.arguments)
            ? Object.fromEntries(
                Object.entries(call.arguments).map(([name, value]) => [ARGUMENTS[name] ?? name, value]),
              )
            : call.arguments,
        })),
      })),
    })),
  };
}
