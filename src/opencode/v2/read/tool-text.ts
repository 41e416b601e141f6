import type { ToolContent } from "../schema/session-export.js";

/**
 * What the model is told of a call: the output, each of its texts on lines of its own, or the error's message; null
 * while there is neither.
 */
export function toolText({ state }: ToolContent): string | null {
  switch (state.status) {
    case "completed":
      return state.content.flatMap((item) => (item.type === "text" ? [item.text] : [])).join("\n");
    case "error":
      return state.error.message;
    case "running":
    case "streaming":
      return null;
    default:
      return state satisfies never;
  }
}
