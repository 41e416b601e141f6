import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classifyTool, stopsTheLoop, type ToolFacts, type ToolFailure } from "../../src/errors/tool-failure.js";
import { anyCharacter } from "../support/any-character.js";
import { rejectedBash, tool } from "./turn-situations.js";

const failed = (name: string, error: string, metadata?: Record<string, unknown>): ToolFacts =>
  tool(name, { status: "error", error, metadata });

const timeoutNote =
  "(no output)\n\n<shell_metadata>\nshell tool terminated command after exceeding timeout 300 ms. If this command is expected to take longer and is not waiting for interactive input, retry with a larger timeout value in milliseconds.\n</shell_metadata>";
const abortNote = "(no output)\n\n<shell_metadata>\nUser aborted the command\n</shell_metadata>";
const invalid = (wanted: unknown, error: unknown) =>
  tool("invalid", {
    input: { tool: wanted, error },
    output: "The arguments provided to the tool are invalid: see there",
  });

const failures: readonly (readonly [string, ToolFacts, Partial<ToolFailure>])[] = [
  ["a missing file", failed("read", "File not found: /absent"), { kind: "failed", message: "File not found: /absent" }],
  ["no message", failed("read", " "), { kind: "failed", message: "The tool failed without a message." }],
  [
    "arguments against the schema",
    failed(
      "read",
      'The read tool was called with invalid arguments: SchemaError(Missing key\n  at ["filePath"]).\nPlease rewrite',
    ),
    {
      kind: "invalid_arguments",
      tool: "read",
      message:
        'The read tool was called with invalid arguments: SchemaError(Missing key at ["filePath"]). Please rewrite',
    },
  ],
  [
    "arguments that are no JSON",
    invalid("bash", "Invalid input for tool bash: JSON parsing failed: Text: {"),
    {
      kind: "invalid_arguments",
      tool: "bash",
      message: "Invalid input for tool bash: JSON parsing failed: Text: {",
    },
  ],
  [
    "a tool that is not there",
    invalid("frobnicate", "Model tried to call unavailable tool 'frobnicate'. Available tools: bash, edit."),
    { kind: "unknown_tool", tool: "frobnicate" },
  ],
  [
    "the stand-in without a reason",
    invalid(undefined, undefined),
    {
      kind: "invalid_arguments",
      tool: "invalid",
      message: "The arguments provided to the tool are invalid: see there",
    },
  ],
  ["a permission that nobody gave", rejectedBash, { kind: "permission_rejected", tool: "bash" }],
  [
    "a rule against the call",
    failed(
      "bash",
      "The user has specified a rule which prevents you from using this specific tool call. Here are some of the relevant rules [{}]",
    ),
    { kind: "permission_rejected" },
  ],
  [
    "a refusal with a remark",
    failed("edit", "The user rejected permission to use this specific tool call with the following feedback: no"),
    { kind: "permission_rejected" },
  ],
  [
    "a question that nobody answered",
    failed("question", "The user dismissed this question"),
    { kind: "permission_rejected" },
  ],
  ["aborted with the mark", failed("task", "whatever", { interrupted: true }), { kind: "aborted" }],
  ["aborted before 1.17", failed("bash", "Tool execution aborted"), { kind: "aborted" }],
  [
    "an aborted command",
    tool("bash", { output: abortNote, metadata: { exit: null } }),
    { kind: "aborted", message: "The command was aborted." },
  ],
  [
    "a command that took too long",
    tool("bash", { output: timeoutNote, metadata: { exit: null } }),
    { kind: "timed_out", message: "The command was ended after exceeding timeout 300 ms." },
  ],
  [
    "a command without exit code that printed such a note itself",
    tool("bash", { output: `${timeoutNote}\nand more`, metadata: { exit: null } }),
    { kind: "failed", message: "The command ended without an exit code." },
  ],
  [
    "a note of the command's own above opencode's",
    tool("bash", { output: `${timeoutNote}\n${abortNote}`, metadata: { exit: null } }),
    { kind: "aborted" },
  ],
  [
    "exit code 3",
    tool("bash", { output: "(no output)", metadata: { exit: 3 } }),
    { kind: "nonzero_exit", exitCode: 3, message: "The command exited with code 3." },
  ],
  ["a fetch that took too long", failed("webfetch", "Request timed out"), { kind: "timed_out" }],
  [
    "an MCP server's own failure",
    failed("tiny_echo", "no such ticket\n\nsecond"),
    { kind: "failed", message: "no such ticket second" },
  ],
  ["a JSON-RPC error", failed("tiny_echo", "MCP error -32000: server threw"), { kind: "failed" }],
  ["an MCP timeout", failed("tiny_echo", "MCP error -32001: Request timed out"), { kind: "timed_out" }],
  [
    "an MCP tool's arguments",
    failed("tiny_echo", "MCP error -32602: Input validation error: Invalid arguments for tool echo: x"),
    { kind: "invalid_arguments" },
  ],
  [
    "an MCP tool that is not there",
    failed("tiny_echo", "MCP error -32602: Tool echo not found"),
    { kind: "unknown_tool" },
  ],
  [
    "a protocol error as 1.15 writes it",
    tool("tiny_echo", { output: "MCP error -32602: Input validation error: x" }),
    { kind: "invalid_arguments" },
  ],
];

/** As opencode 2 says it: the error has a type. */
const typed = (name: string, errorType: string, error: string): ToolFacts =>
  tool(name, { status: "error", error, errorType });

const failuresOf2: readonly (readonly [string, ToolFacts, Partial<ToolFailure>])[] = [
  ["a missing file", typed("read", "unknown", "NotFound: FileSystem.stat (/x)"), { kind: "failed" }],
  ["a rule", typed("shell", "permission.rejected", "Permission denied: shell"), { kind: "permission_rejected" }],
  ["an unknown tool", typed("frob", "tool.unknown", "Unknown tool: frob"), { kind: "unknown_tool", tool: "frob" }],
  ["arguments that are no JSON", typed("read", "tool.input-json", "Invalid JSON input"), { kind: "invalid_arguments" }],
  ["arguments cut off", typed("read", "tool.input-incomplete", "were not completed"), { kind: "invalid_arguments" }],
  [
    "arguments against the schema",
    typed("read", "tool.execution", 'Invalid tool input: Missing key at ["path"]'),
    { kind: "invalid_arguments" },
  ],
  ["an interrupt", typed("shell", "aborted", "Tool execution interrupted"), { kind: "aborted" }],
  ["a type of tomorrow", typed("shell", "tool.tomorrow", "no"), { kind: "failed", message: "no" }],
  [
    "a timeout",
    tool("shell", { output: "", metadata: { status: "completed", timeout: true, truncated: false } }),
    { kind: "timed_out" },
  ],
  ["a signal", tool("shell", { output: "", metadata: { status: "completed", signal: "SIGKILL" } }), { kind: "failed" }],
  ["exit code 3", tool("shell", { output: "", metadata: { exit: 3 } }), { kind: "nonzero_exit", exitCode: 3 }],
];

const fine: readonly (readonly [string, ToolFacts])[] = [
  ["opencode 2's command in the background", tool("shell", { metadata: { status: "running", shellID: "sh_1" } })],
  ["exit code 0", tool("bash", { output: "hi", metadata: { exit: 0 } })],
  ["exit code 0 with a note in its output", tool("bash", { output: timeoutNote, metadata: { exit: 0 } })],
  ["a file that quotes an MCP error", tool("read", { output: "MCP error -32602: x" })],
  ["an MCP tool that mentions one", tool("tiny_echo", { output: "I saw MCP error -32602: x" })],
  ["no metadata", tool("todowrite", { output: "[]" })],
  ["a call that is still running", tool("bash", { status: "running", metadata: { exit: 1 } })],
  ["a call whose arguments are being written", tool("invalid", { status: "pending" })],
];

describe("classifyTool", () => {
  it.each(failuresOf2)("opencode 2: %s", (_what, facts, failure) => {
    expect(classifyTool(facts)).toMatchObject(failure);
  });

  it.each(failures)("%s", (_what, facts, failure) => {
    expect(classifyTool(facts)).toMatchObject(failure);
  });

  it.each(fine)("%s is no failure", (_what, facts) => {
    expect(classifyTool(facts)).toBeNull();
  });

  it("gives one bounded line whatever a tool says", () => {
    const text = fc.oneof(fc.string({ unit: anyCharacter }), fc.constant("a\u2028b\u0000".repeat(100_000)));
    const status = fc.constantFrom("completed" as const, "error" as const);
    fc.assert(
      fc.property(text, status, fc.jsonValue(), fc.jsonValue(), (said, ended, input, exit) => {
        const name = ended === "error" ? "bash" : "invalid";
        const facts = tool(name, { status: ended, input, error: said, output: said, metadata: { exit } });
        const message = classifyTool(facts)?.message ?? "";
        expect(message).not.toBe("");
        expect(message.length).toBeLessThanOrEqual(300);
        expect(message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe("stopsTheLoop", () => {
  it.each([
    ["a permission that nobody gave", rejectedBash, true],
    ["a question that nobody answered", failed("question", "The user dismissed this question"), true],
    [
      "a refusal with a remark",
      failed("edit", `${rejectedBash.error?.slice(0, -1)} with the following feedback: no`),
      false,
    ],
    ["a rule", failed("bash", "The user has specified a rule which prevents you from using it"), false],
    ["a tool that quotes the sentence", tool("read", { output: rejectedBash.error, error: rejectedBash.error }), false],
  ])("%s", (_what, facts, stops) => {
    expect(stopsTheLoop(facts)).toBe(stops);
  });
});
