/** All that was said, read and called in a session, for the index. */
import type { LoopTrace } from "../trace/model.js";

/**
 * Fields whose texts are no part of what happened: ids that looptrace or opencode made up, what tools recorded for
 * opencode's own display, and the prompts' fixed parts, which stand in every session alike.
 */
const LEFT_OUT = new Set([
  "wire",
  "metadata",
  "traceId",
  "spanId",
  "messageId",
  "userMessageId",
  "partId",
  "callId",
  "run",
]);
/** Fields that hold what others wrote: of theirs none is left out, however it is named. */
const WRITTEN = new Set(["input", "output", "arguments", "attributes"]);

/** Hands over every text of the traces, subagents' too; the same one perhaps more than once. */
export function eachText(traces: readonly LoopTrace[], use: (text: string) => void): void {
  const visit = (value: unknown, isWritten: boolean): void => {
    if (typeof value === "string") use(value);
    else if (typeof value === "number" && isWritten) use(String(value));
    else if (Array.isArray(value)) for (const item of value) visit(item, isWritten);
    else if (typeof value === "object" && value !== null) {
      // What a call is told of a tool is the tool's own result.
      if ("role" in value && value.role === "tool" && "tool_call_id" in value) return;
      for (const [name, item] of Object.entries(value))
        if (isWritten || !LEFT_OUT.has(name)) visit(item, isWritten || WRITTEN.has(name));
    }
  };
  for (const { session, loop } of traces) visit([session.id, session.title, session.directory, loop], false);
}
