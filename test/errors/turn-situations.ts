import type { ErrorObject } from "../../src/errors/error-facts.js";
import type { ToolFacts } from "../../src/errors/tool-failure.js";
import type { LastAssistant, SeenError, TurnEvidence } from "../../src/errors/turn-evidence.js";

/** When errors in the tests occur: 2026-11-21T14:02:20Z. */
export const AT = Date.UTC(2026, 10, 21, 14, 2, 20);

/** An `APIError` as opencode records it, with the body that the provider sent. */
export function apiError(statusCode: number | undefined, message: string, more: object = {}): ErrorObject {
  return {
    name: "APIError",
    data: {
      message,
      ...(statusCode === undefined ? {} : { statusCode }),
      isRetryable: false,
      metadata: { url: "http://127.0.0.1:39813/v1/chat/completions" },
      ...more,
    },
  };
}

export function named(name: string, message: string): ErrorObject {
  return { name, data: { message } };
}

export const openSeen = (error: ErrorObject): SeenError => ({ error, at: AT, recovered: false });
export const recoveredSeen = (error: ErrorObject): SeenError => ({ error, at: AT, recovered: true });

/** A last message that is a full answer, unless told otherwise. */
export function last(fields: Partial<LastAssistant> = {}): LastAssistant {
  return { finish: "stop", completed: true, isSummary: false, tools: [], ...fields };
}

/** A turn that ended well, unless told otherwise. */
export function turn(fields: Partial<TurnEvidence> = {}): TurnEvidence {
  return { exportErrors: [], streamErrors: [], lastAssistant: last(), ...fields };
}

/** A turn whose last message carries the error, as 1.17 and 1.18 leave it: in the export and in the stream, exit 1. */
export function failedTurn(error: ErrorObject, fields: Partial<TurnEvidence> = {}): TurnEvidence {
  return turn({
    exportErrors: [openSeen(error)],
    streamErrors: [openSeen(error)],
    lastAssistant: last({ finish: undefined }),
    process: { exitCode: 1, by: "other" },
    ...fields,
  });
}

export function tool(name: string, fields: Partial<ToolFacts> = {}): ToolFacts {
  return { tool: name, status: "completed", input: {}, output: "", ...fields };
}

export const rejectedBash = tool("bash", {
  status: "error",
  input: { command: "echo ask" },
  error: "The user rejected permission to use this specific tool call.",
});
