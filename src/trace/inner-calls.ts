import type { ToolRun } from "../opencode/model.js";
import type { InnerCall } from "./model.js";
import { spanIdOf } from "./span-id.js";
import { configuredName } from "./tool-origin.js";

/**
 * The calls of MCP tools that a script made which the model has written (code mode). opencode writes down which, with
 * what, and how each ended; not when, and not what came back.
 *
 * @param servers the names of the MCP servers, as configured
 */
export function innerCalls(tool: ToolRun, sessionId: string, servers: readonly string[]): readonly InnerCall[] {
  return tool.innerCalls.map(
    ({ index, path, outcome, input, durationMs }): InnerCall => ({
      spanId: spanIdOf("tool", sessionId, `${tool.id}/${index}`),
      index,
      ...named(path, servers),
      outcome,
      input,
      durationMs,
    }),
  );
}

/** opencode calls it `<server>.<tool>`, and outside of code mode the same tool `<server>_<tool>`. */
function named(path: string, servers: readonly string[]): Pick<InnerCall, "name" | "server"> {
  const dot = path.indexOf(".");
  if (dot <= 0) return { name: path, server: null };
  const server = path.slice(0, dot);
  return { name: `${server}_${path.slice(dot + 1)}`, server: configuredName(server, servers) };
}
