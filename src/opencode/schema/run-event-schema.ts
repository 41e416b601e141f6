/** The lines that `opencode run --format json` writes: the root session only, no deltas, no retries. */
import { z } from "zod";
import { knownParts } from "./session-export.js";

const base = { timestamp: z.number().finite(), sessionID: z.string().optional() };

export const runEvent = z.discriminatedUnion("type", [
  z.looseObject({ ...base, type: z.literal("step_start") }),
  z.looseObject({ ...base, type: z.literal("text"), part: knownParts.text }),
  z.looseObject({ ...base, type: z.literal("reasoning"), part: knownParts.reasoning }),
  z.looseObject({ ...base, type: z.literal("tool_use"), part: knownParts.tool }),
  z.looseObject({ ...base, type: z.literal("step_finish"), part: knownParts["step-finish"] }),
  z.looseObject({
    ...base,
    type: z.literal("error"),
    error: z.looseObject({ name: z.string(), data: z.unknown().optional() }),
  }),
]);
