import type { Loop } from "../trace/model.js";
import type { TraceOptions } from "./options.js";

/** The agent and the model, then the caller's own; each once. */
export function traceTags(loop: Loop, options: TraceOptions): string[] {
  const model = loop.model ? `${loop.model.providerId}/${loop.model.modelId}` : "";
  const tags = [loop.agent ?? "", model, ...(options.tags ?? [])];
  return [...new Set(tags.filter((tag) => tag !== ""))];
}
