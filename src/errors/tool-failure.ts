import { oneLine } from "../text/bounded-text.js";
import { isFields } from "../text/json-fields.js";

/** One tool part of opencode's export, as far as its failure is concerned. */
export interface ToolFacts {
  readonly tool: string;
  readonly status: "pending" | "running" | "completed" | "error";
  /** The model's provider ran it: its own way to say that it failed is in its result (`metadata`). */
  readonly isProviders?: boolean;
  readonly input: unknown;
  readonly output?: string | undefined;
  readonly error?: string | undefined;
  /** opencode 2's own name for the error, such as `permission.rejected`. */
  readonly errorType?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** How a tool call failed. Kinds are stable: they are the `error.type` of a tool's span. */
export interface ToolFailure {
  /** What failed: the tool itself, its arguments, a permission, the time, a command's exit code. */
  readonly kind:
    | "failed"
    | "invalid_arguments"
    | "unknown_tool"
    | "permission_rejected"
    | "aborted"
    | "timed_out"
    | "nonzero_exit";
  /** The tool that the model wanted; not opencode's `invalid`, which stands in for it. */
  readonly tool: string;
  /** One line for a person. */
  readonly message: string;
  /** The exit code of the command that a shell tool ran. */
  readonly exitCode?: number;
}

type Kind = ToolFailure["kind"];

/** opencode's own sentences, and those of MCP servers, by what they mean. Anything else just `failed`. */
const sentences: readonly (readonly [Kind, RegExp])[] = [
  ["aborted", /^Tool execution aborted$/],
  [
    "permission_rejected",
    /^The user (?:rejected permission to use this specific tool call|has specified a rule which prevents you from using this specific tool call|dismissed this question)/,
  ],
  ["invalid_arguments", /^The \S+ tool was called with invalid arguments\b/],
  ["invalid_arguments", /^Invalid tool input: /],
  ["timed_out", /^(?:The operation timed out|Request timed out)\b/],
  // JSON-RPC: -32001 is the MCP client's own timeout; -32602 covers both a tool that is not there and its arguments.
  ["timed_out", /^MCP error -32001: /],
  ["unknown_tool", /^(?:MCP error -32602: )+(?:Unknown tool|Tool \S+ not found)/],
  ["invalid_arguments", /^MCP error -32602: /],
];

/**
 * How a tool call failed, or `null` when it did not, or has not ended (`pending`, `running`).
 *
 * opencode says `completed` of more than what went well: of a call that it could not even make (its `invalid` tool),
 * of a command that exited with 3, of one that was killed. An MCP tool's own failure (`isError`) is an `error` from
 * 1.17 on; 1.15 wrote it as `completed` with nothing to tell it by but the text of a protocol error.
 */
export function classifyTool(facts: ToolFacts): ToolFailure | null {
  switch (facts.status) {
    case "pending":
    case "running":
      return null;
    case "error":
      return ofError(facts);
    case "completed":
      return ofCompleted(facts);
    default:
      return facts.status satisfies never;
  }
}

/**
 * Whether opencode ends its loop over this call: a permission or a question without an answer. A call that a rule
 * forbids, or that the user refused with a remark, is a result like any other: the model goes on.
 */
export function stopsTheLoop({ status, error = "" }: ToolFacts): boolean {
  return (
    status === "error" &&
    /^The user (?:rejected permission to use this specific tool call\.$|dismissed this question)/.test(error)
  );
}

function ofError({ tool, error = "", errorType = "", metadata }: ToolFacts): ToolFailure {
  const said = oneLine(error);
  const message = said === "" ? "The tool failed without a message." : said;
  const kind: Kind = metadata?.interrupted === true ? "aborted" : (kinds[errorType] ?? kindOf(error));
  return { kind, tool, message };
}

/** opencode 2's names; `tool.execution` and `unknown` only say that it failed. */
const kinds: Readonly<Record<string, Kind>> = {
  aborted: "aborted",
  "permission.rejected": "permission_rejected",
  "tool.unknown": "unknown_tool",
  "tool.stale": "unknown_tool",
  "tool.input-json": "invalid_arguments",
  "tool.input-incomplete": "invalid_arguments",
};

function kindOf(error: string): Kind {
  return sentences.find(([, sentence]) => sentence.test(error))?.[0] ?? "failed";
}

function ofCompleted(facts: ToolFacts): ToolFailure | null {
  if (facts.isProviders) return ofProvider(facts);
  if (facts.tool === "invalid") return ofInvalid(facts);
  return ofScript(facts) ?? ofCommand(facts) ?? ofMcp(facts);
}

/** Results of tools that providers run, as the AI SDK hands them on: each kind says in its own way that it failed. */
function ofProvider({ tool, metadata = {} }: ToolFacts): ToolFailure | null {
  const { type, errorCode, error, status, outcome, return_code: exit } = metadata;
  const fail = (message: string, kind: Kind = "failed"): ToolFailure => ({ kind, tool, message });
  // Anthropic: `web_search_tool_result_error` and the like.
  if (typeof type === "string" && type.endsWith("_error")) {
    return fail(oneLine(typeof errorCode === "string" ? errorCode : type));
  }
  if (typeof exit === "number" && exit !== 0) {
    const message = `The code exited with code ${exit}.`;
    return { kind: "nonzero_exit", tool, message, exitCode: exit };
  }
  // OpenAI: a call of an MCP server that failed.
  if (error !== undefined && error !== null && error !== false && error !== "") return fail(wordsOf(error));
  if (status === "failed" || status === "incomplete")
    return fail(`The provider says that it ${status === "failed" ? "failed" : "was not completed"}.`);
  // Google's code execution.
  if (outcome === "OUTCOME_FAILED") return fail("The code failed.");
  return outcome === "OUTCOME_DEADLINE_EXCEEDED" ? fail("The code ran for too long.", "timed_out") : null;
}

function wordsOf(error: unknown): string {
  const message = isFields(error) ? error.message : error;
  return oneLine(typeof message === "string" ? message : JSON.stringify(error));
}

/** opencode's code mode calls a script completed that was cancelled. */
function ofScript({ tool, output = "", metadata }: ToolFacts): ToolFailure | null {
  if (tool !== "execute" || metadata?.error !== true || !Array.isArray(metadata.toolCalls)) return null;
  const message = oneLine(output) || "The script failed.";
  return { kind: /^Execution cancelled\b/.test(output) ? "aborted" : "failed", tool, message };
}

/** opencode puts its tool `invalid` in place of a call that it could not make; the input says which and why. */
function ofInvalid({ input, output = "" }: ToolFacts): ToolFailure {
  const wanted = isFields(input) ? input.tool : undefined;
  const reason = isFields(input) ? input.error : undefined;
  const why = typeof reason === "string" && reason.trim() !== "" ? reason : output;
  const isUnknown = /^Model tried to call unavailable tool\b/.test(why);
  return {
    kind: isUnknown ? "unknown_tool" : "invalid_arguments",
    tool: typeof wanted === "string" && wanted !== "" ? wanted : "invalid",
    message: oneLine(why) || "opencode could not make this call and did not say why.",
  };
}

/**
 * A shell command: `metadata.exit` is its exit code. When it did not come to one it is `null`, and in opencode 2 missing,
 * with `timeout` or the signal that ended it.
 */
function ofCommand({ tool, output = "", metadata }: ToolFacts): ToolFailure | null {
  const exit = metadata?.exit;
  if (exit === undefined && tool === "shell") return ofShell(metadata);
  if (typeof exit === "number") {
    if (exit === 0) return null;
    return { kind: "nonzero_exit", tool, message: `The command exited with code ${exit}.`, exitCode: exit };
  }
  if (exit !== null) return null;
  const note = shellNote(output);
  if (/\bterminated command after exceeding timeout\b/.test(note)) {
    const message = /after exceeding timeout (?:of )?\d+ ms/.exec(note)?.[0] ?? "after exceeding its timeout";
    return { kind: "timed_out", tool, message: `The command was ended ${message}.` };
  }
  if (/\buser aborted the command\b/i.test(note)) {
    return { kind: "aborted", tool, message: "The command was aborted." };
  }
  return { kind: "failed", tool, message: "The command ended without an exit code." };
}

/** opencode 2's; a command that went to the background has neither exit nor end yet. */
function ofShell(metadata: ToolFacts["metadata"]): ToolFailure | null {
  const tool = "shell";
  if (metadata?.timeout === true)
    return { kind: "timed_out", tool, message: "The command was ended after its timeout." };
  const signal = metadata?.signal;
  if (typeof signal !== "string" && typeof signal !== "number") return null;
  return { kind: "failed", tool, message: oneLine(`The command was ended by ${signal}.`) };
}

/** What opencode wrote behind a command's output; a block further up is the command's own text. */
function shellNote(output: string): string {
  return (
    /<shell_metadata>((?:(?!<shell_metadata>)[\s\S])*)<\/shell_metadata>\s*$/.exec(output.slice(-2_000))?.[1] ?? ""
  );
}

/** Before 1.17 a server's protocol error was the output of a completed call. `<server>_<tool>` is an MCP tool. */
function ofMcp({ tool, output = "" }: ToolFacts): ToolFailure | null {
  const isProtocolError = tool.includes("_") && /^MCP error -32\d{3}: /.test(output);
  return isProtocolError ? { kind: kindOf(output), tool, message: oneLine(output) } : null;
}
