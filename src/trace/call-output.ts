import type { Attempt } from "./attempts.js";
import type { CallOutput } from "./model.js";
import { toolArguments, wantedTool } from "./tool-facts.js";

/** What the model answered; empty blocks (redacted thinking, the text of a killed stream) count as none. */
export function callOutput(attempt: Attempt | undefined): CallOutput {
  const joined = (type: "text" | "reasoning"): string | null => {
    const texts = (attempt?.content ?? []).filter((part) => part.type === type && part.text !== "");
    return texts.length === 0 ? null : texts.map((part) => part.text).join("\n\n");
  };
  return {
    thinking: joined("reasoning"),
    text: joined("text"),
    toolCalls: (attempt?.tools ?? []).map((part) => ({
      id: part.callID,
      name: wantedTool(part),
      arguments: toolArguments(part),
    })),
  };
}
