import type { StepEvent } from "../trace/model.js";
import type { Tone } from "./tone.js";

/** How much an event is to be noticed: most only happen, some cost time or money, and a doom loop does both. */
export function eventTone({ name, attributes }: StepEvent): Extract<Tone, "alarm" | "warning" | "muted"> {
  switch (name) {
    case "doom-loop":
      return "alarm";
    case "cache-break":
      return "warning";
    case "permission":
      return attributes.answer === "reject" ? "warning" : "muted";
    case "compaction":
      return attributes.outcome === "failed" ? "warning" : "muted";
    case "plan":
    case "skill":
    case "agent-switched":
    case "model-switched":
    case "location-switched":
    case "system":
      return "muted";
    default:
      return name satisfies never;
  }
}
