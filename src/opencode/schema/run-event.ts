/** The lines that `opencode run --format json` writes: the root session only, no deltas, no retries. */
import { z } from "zod";
import { knownParts } from "./session-export.js";

const base = { timestamp: z.number().finite(), sessionID: z.string().optional() };

const runEvent = z.discriminatedUnion("type", [
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

/** An event of a run, as `opencode run --format json` prints it. */
export type RunEvent = z.infer<typeof runEvent>;

/** Reads one line of the run stream; undefined for anything that is not an event which looptrace knows. */
export function readRunEvent(line: string): RunEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  return readRunEventJson(json);
}

/** The same for one that is already parsed. */
export function readRunEventJson(json: unknown): RunEvent | undefined {
  return runEvent.safeParse(json).data;
}
