import type { ToolPart } from "../opencode/session.js";
import { isFields } from "../text/json-fields.js";
import type { InnerCall, Outcome } from "./model.js";
import { spanIdOf } from "./span-id.js";
import { configuredName } from "./tool-origin.js";

/**
 * The calls of MCP tools that a script made which the model has written (opencode's code mode, its tool `execute`).
 * opencode writes down which, with what, and how each ended; not when, and not what came back.
 *
 * @param servers the names of the MCP servers, as configured
 */
export function innerCalls(part: ToolPart, sessionId: string, servers: readonly string[]): readonly InnerCall[] {
  if (part.tool !== "execute" || part.state.status === "pending") return [];
  const calls = part.state.metadata?.toolCalls;
  if (!Array.isArray(calls)) return [];
  const isOver = part.state.status !== "running";
  return calls.flatMap((call: unknown, index): InnerCall[] => {
    if (!isFields(call) || typeof call.tool !== "string" || call.tool === "") return [];
    const { name, server } = named(call.tool, servers);
    return [
      {
        spanId: spanIdOf("tool", sessionId, `${part.id}/${index}`),
        index,
        name,
        server,
        outcome: outcomeOf(call.status, isOver),
        input: call.input ?? null,
        durationMs: durationOf(call.time),
      },
    ];
  });
}

/** opencode calls it `<server>.<tool>`, and outside of code mode the same tool `<server>_<tool>`. */
function named(path: string, servers: readonly string[]): { readonly name: string; readonly server: string | null } {
  const dot = path.indexOf(".");
  if (dot <= 0) return { name: path, server: null };
  const server = path.slice(0, dot);
  return { name: `${server}_${path.slice(dot + 1)}`, server: configuredName(server, servers) };
}

/** One that was at work when the script ended was cut off with it. */
function outcomeOf(status: unknown, isOver: boolean): Outcome {
  if (status === "completed") return "completed";
  return status === "error" || isOver ? "failed" : "unfinished";
}

/** No opencode up to 1.18.33 writes times; one that does would write them as it does everywhere. */
function durationOf(time: unknown): number | null {
  if (!isFields(time)) return null;
  const { start, end } = time;
  return typeof start === "number" && typeof end === "number" && end >= start ? end - start : null;
}
