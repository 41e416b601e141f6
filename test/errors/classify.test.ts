import { describe, expect, it } from "vitest";
import { classify } from "../../src/errors/classify.js";
import type { ErrorFacts } from "../../src/errors/error-facts.js";
import type { TurnEvidence } from "../../src/errors/turn-evidence.js";
import {
  apiError,
  failedTurn,
  last,
  named,
  openSeen,
  recoveredSeen,
  rejectedBash,
  tool,
  turn,
} from "./turn-situations.js";

const overflow = named("ContextOverflowError", "This model's maximum context length is 100000 tokens.");
const rejected = named("UnknownError", "The user rejected permission to use this specific tool call.");
const serverFailed = {
  name: "UnknownError",
  data: { message: "Unexpected server error. Check server logs for details.", ref: "err_eb2b5c70" },
};
const unfinished = last({ finish: undefined, completed: false });
const killedByDeadline = { signal: "SIGKILL", by: "deadline", afterMs: 40_000 } as const;

type Row = readonly [situation: string, evidence: TurnEvidence, facts: Partial<ErrorFacts>];

// The names are those of the situations that were measured on the real program.
const failing: readonly Row[] = [
  [
    "05d-compaction-fails",
    failedTurn(apiError(400, "summary request is bad"), {
      lastAssistant: last({ finish: undefined, isSummary: true }),
    }),
    { code: "invalid_request", evidence: "export", statusCode: 400 },
  ],
  [
    "05e-context-err-compaction-too",
    failedTurn(named("ContextOverflowError", "Session too large to compact"), {
      streamErrors: [openSeen(overflow), openSeen(overflow)],
      lastAssistant: last({ finish: "error", isSummary: true }),
    }),
    {
      code: "max_output_tokens",
      reason: "context_overflow",
      evidence: "export",
      message: "Session too large to compact",
    },
  ],
  [
    "07c-doom-parallel",
    failedTurn(rejected, {
      lastAssistant: last({
        finish: undefined,
        tools: [
          tool("read"),
          tool("bash", {
            status: "error",
            error: "Tool execution aborted",
            metadata: { interrupted: true },
          }),
        ],
      }),
    }),
    { code: "permission_rejected", tool: "bash", evidence: "export" },
  ],
  [
    "07c-doom-parallel, the loop known to be the reason",
    failedTurn(rejected, {
      doomLoop: { tool: "bash", arguments: { command: "ls" }, count: 3, lastError: "no\nsuch file" },
    }),
    { code: "doom_loop", tool: "bash", arguments: '{"command":"ls"}', count: 3, lastError: "no such file" },
  ],
  [
    "a loop of empty answers",
    failedTurn(rejected, {
      doomLoop: { tool: null, answer: { text: "", finish: "unknown" }, count: 42 },
    }),
    {
      code: "doom_loop",
      message: "The model gave an empty answer 42 times, without a tool (finish unknown).",
      tool: null,
      arguments: null,
      answer: { text: "", finish: "unknown" },
      count: 42,
    },
  ],
  [
    "a loop of the same answer",
    failedTurn(rejected, {
      doomLoop: { tool: null, answer: { text: "x".repeat(9_000), finish: "other" }, count: 3 },
    }),
    {
      code: "doom_loop",
      message: "The model gave the same answer 3 times, without a tool (finish other).",
      answer: { text: expect.stringMatching(/^x{2000} … \[cut: 9000 characters in all\]$/), finish: "other" },
    },
  ],
  [
    "a loop of requests that stay too large",
    failedTurn(rejected, { doomLoop: { tool: null, count: 3, lastError: "prompt is\ntoo long" } }),
    {
      code: "doom_loop",
      message: "The request was too large for the model's context 3 times, each time after compacting.",
      tool: null,
      arguments: null,
      lastError: "prompt is too long",
    },
  ],
  [
    "07g-perm-ask-noskip",
    turn({
      lastAssistant: last({ finish: "tool-calls", tools: [tool("read"), rejectedBash] }),
      process: { exitCode: 0, by: "other" },
    }),
    { code: "permission_rejected", tool: "bash", evidence: "finish", exitCode: 0 },
  ],
  ["08-400", failedTurn(apiError(400, "Invalid value for 'messages[0].content'")), { code: "invalid_request" }],
  [
    "08-400 on 1.15.13: exit 0, nothing in the stream",
    failedTurn(apiError(400, "Bad tool message"), {
      streamErrors: [],
      process: { exitCode: 0, by: "other" },
    }),
    { code: "invalid_request", evidence: "export", exitCode: 0 },
  ],
  [
    "08-400-contentfilter",
    failedTurn(named("ContentFilterError", "The response was blocked by the provider's content filter"), {
      lastAssistant: last({ finish: "content-filter" }),
    }),
    { code: "content_filter", evidence: "export" },
  ],
  [
    "08-400-contentfilter on 1.15.13: the finish reason alone",
    turn({ lastAssistant: last({ finish: "content-filter" }), process: { exitCode: 0, by: "other" } }),
    { code: "content_filter", evidence: "finish" },
  ],
  [
    "08-400-context: compacting for ever until the deadline",
    turn({
      streamErrors: [openSeen(overflow), openSeen(overflow)],
      lastAssistant: unfinished,
      process: killedByDeadline,
    }),
    { code: "max_output_tokens", reason: "context_overflow", evidence: "stream" },
  ],
  [
    "08-400-context-noauto",
    failedTurn(overflow, { lastAssistant: last({ finish: "error" }) }),
    { code: "max_output_tokens", reason: "context_overflow", evidence: "export" },
  ],
  [
    "08-401",
    failedTurn(
      apiError(401, "Incorrect API key provided: x.", {
        responseHeaders: { "x-request-id": "req_fake_2" },
        responseBody: '{"error":{"message":"Incorrect API key provided: x.","code":"invalid_api_key"}}',
      }),
    ),
    { code: "authentication_failed", statusCode: 401 },
  ],
  ["08-402", failedTurn(apiError(402, "Add more at https://example.com")), { code: "billing_error" }],
  ["08-403", failedTurn(apiError(403, "Project does not have access to model")), { code: "authentication_failed" }],
  ["08-404", failedTurn(apiError(404, "The model `m1` does not exist")), { code: "invalid_request" }],
  [
    "08-413",
    turn({
      streamErrors: [openSeen(named("ContextOverflowError", "Request too large"))],
      lastAssistant: unfinished,
      process: killedByDeadline,
    }),
    { code: "max_output_tokens", reason: "context_overflow", evidence: "stream" },
  ],
  [
    "08-429-billing",
    failedTurn(
      apiError(429, "Come back with money.", {
        isRetryable: true,
        responseBody: '{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}',
      }),
    ),
    { code: "billing_error", statusCode: 429, retryable: false },
  ],
  ["08-429-forever-ms", failedTurn(apiError(429, "Rate limit reached for m1")), { code: "rate_limit" }],
  [
    "08-429-longretry: one hour of waiting, ended by a signal",
    turn({ lastAssistant: unfinished, process: { signal: "SIGTERM", by: "other" } }),
    { code: "aborted", abortedBy: "signal", signal: "SIGTERM", evidence: "process" },
  ],
  [
    "a turn that was stopped at one step",
    turn({ lastAssistant: unfinished, limit: { of: "steps", allowed: 1, reached: 1 } }),
    {
      code: "aborted",
      abortedBy: "limit",
      message: "The turn may take 1 step, and was stopped when it went on to another one.",
    },
  ],
  [
    "a turn that was stopped at some tokens",
    turn({ lastAssistant: unfinished, limit: { of: "tokens", allowed: 100, reached: 1200 } }),
    { code: "aborted", abortedBy: "limit", message: "The turn was stopped at 1200 tokens: it may take 100." },
  ],
  ["08-500-forever", failedTurn(apiError(500, "Internal server error")), { code: "server_error" }],
  [
    "08-500-forever on 1.15.13: retrying until the deadline",
    turn({ lastAssistant: unfinished, process: { signal: "SIGKILL", by: "deadline", afterMs: 182_000 } }),
    { code: "timeout", limit: "turn", afterMs: 182_000, evidence: "process" },
  ],
  [
    "08-502-html",
    failedTurn(apiError(502, "Bad Gateway", { responseBody: "<html><h1>502 Bad Gateway</h1></html>" })),
    { code: "server_error", message: "Bad Gateway" },
  ],
  ["08a-anth-401", failedTurn(apiError(401, "invalid x-api-key")), { code: "authentication_failed" }],
  ["08a-anth-529-forever", failedTurn(apiError(529, "Overloaded")), { code: "server_error", statusCode: 529 }],
  [
    "08a-anth-billing",
    failedTurn(
      apiError(400, "Your credit balance is too low to access the Anthropic API.", {
        responseBody: '{"type":"error","error":{"type":"invalid_request_error"},"request_id":"req_1"}',
      }),
    ),
    { code: "billing_error", statusCode: 400 },
  ],
  [
    "08a-anth-maxtokens",
    turn({
      lastAssistant: last({ finish: "length" }),
      partialText: "half an ans",
      process: { exitCode: 0, by: "other" },
    }),
    { code: "max_output_tokens", reason: "output_limit", partialText: "half an ans", evidence: "finish" },
  ],
  [
    "08a-anth-sse-overloaded on 1.17.19",
    failedTurn(named("UnknownError", '{"type":"overloaded_error","message":"Overloaded"}')),
    { code: "server_error", message: "Overloaded" },
  ],
  [
    "09-bad-config: no session at all, the reason on stderr only",
    turn({
      lastAssistant: null,
      process: { exitCode: 1, by: "other" },
      stderr: "Error: Config file is not valid JSON(C): 401 Unauthorized",
    }),
    {
      code: "start_failed",
      evidence: "process",
      exitCode: 1,
      stderr: "Error: Config file is not valid JSON(C): 401 Unauthorized",
    },
  ],
  [
    "09-no-apikey-openai",
    failedTurn({
      name: "ProviderAuthError",
      data: { providerID: "openai", message: "OpenAI API key is missing." },
    }),
    { code: "authentication_failed", provider: { id: "openai" } },
  ],
  [
    "09-unbundled-npm: hangs until the deadline",
    turn({ lastAssistant: unfinished, process: killedByDeadline }),
    { code: "timeout", message: "The turn had no answer when its time was up; it was ended after 40 s." },
  ],
  [
    "09-unknown-model: only in the stream",
    turn({
      streamErrors: [openSeen(serverFailed)],
      lastAssistant: null,
      model: "scripted/nope",
      process: { exitCode: 1, by: "other" },
    }),
    {
      code: "invalid_request",
      evidence: "stream",
      reason: "model",
      message:
        "opencode never asked the model scripted/nope: most often it does not know it, or has no key for its provider.",
    },
  ],
  [
    "09-unknown-model on 1.15.13: the telling event comes first",
    turn({
      streamErrors: [openSeen(named("UnknownError", "Model not found: scripted/nope.")), openSeen(serverFailed)],
      lastAssistant: null,
      process: { exitCode: 1, by: "other" },
    }),
    {
      code: "invalid_request",
      evidence: "stream",
      reason: "model",
      message: "Model not found: scripted/nope.",
    },
  ],
  [
    "09-unknown-model as a past session",
    turn({ lastAssistant: null }),
    {
      code: "unknown",
      evidence: "export",
      message:
        "No model answered this message: an unknown model or provider is the usual cause, or opencode was ended.",
    },
  ],
  [
    "10c-length-reasoning-only",
    turn({ lastAssistant: last({ finish: "length" }), partialText: "" }),
    { code: "max_output_tokens", reason: "output_limit" },
  ],
  [
    "11-refused",
    failedTurn(apiError(undefined, "Cannot connect to API: Unable to connect.", { isRetryable: true })),
    { code: "server_error", retryable: true },
  ],
  [
    "11e-cut on 1.15.13",
    turn({ lastAssistant: last({ finish: "unknown" }), process: { exitCode: 0, by: "other" } }),
    { code: "unknown", evidence: "finish" },
  ],
  [
    "11g-hang-kill as a past session",
    turn({ lastAssistant: unfinished }),
    { code: "aborted", abortedBy: "unknown", evidence: "export" },
  ],
  [
    "11l-sse-error",
    failedTurn(named("UnknownError", '{"message":"Upstream provider exploded","type":"upstream_error","code":418}')),
    { code: "server_error", message: "Upstream provider exploded" },
  ],
  [
    "11n-hang-headertimeout",
    failedTurn(named("UnknownError", "The operation timed out.")),
    { code: "timeout", limit: "request" },
  ],
  [
    "11q-sse-error-anth-invalid",
    failedTurn(named("UnknownError", '{"type":"invalid_request_error","message":"bad thing"}')),
    { code: "invalid_request", message: "bad thing" },
  ],
  [
    "12-sigint-tool: the caller's Ctrl-C",
    turn({
      lastAssistant: last({
        finish: undefined,
        completed: false,
        tools: [tool("bash", { status: "running" })],
      }),
      process: { signal: "SIGINT", by: "caller", afterMs: 7_000 },
    }),
    { code: "aborted", abortedBy: "caller", signal: "SIGINT" },
  ],
  [
    "12-sigterm-tool through a wrapper that reports 143",
    turn({ lastAssistant: unfinished, process: { exitCode: 143, by: "other" } }),
    { code: "aborted", abortedBy: "signal", signal: "SIGTERM", exitCode: 143 },
  ],
  [
    "finish error without an error object",
    turn({ lastAssistant: last({ finish: "error" }), process: { exitCode: 1, by: "other" } }),
    {
      code: "unknown",
      evidence: "finish",
      message: "The last message ended in an error that opencode did not record.",
    },
  ],
  [
    "17b-structured-fail",
    failedTurn(named("StructuredOutputError", "Model did not produce structured output"), {
      lastAssistant: last({ finish: "stop" }),
      process: undefined,
    }),
    { code: "invalid_output", reason: "missing", evidence: "export" },
  ],
  [
    "a structured answer that does not fit",
    turn({
      lastAssistant: last({ finish: "stop" }),
      schemaProblems: ["price must be number", "the answer must have required property 'name'"],
    }),
    {
      code: "invalid_output",
      reason: "schema",
      message: "The answer does not fit the schema: price must be number (and 1 more).",
      problems: ["price must be number", "the answer must have required property 'name'"],
    },
  ],
  [
    "18c-serve-abort",
    failedTurn(named("MessageAbortedError", "Aborted"), { process: undefined }),
    { code: "aborted", abortedBy: "api", evidence: "export" },
  ],
  [
    "ended between two model calls",
    turn({ lastAssistant: last({ finish: "tool-calls", tools: [tool("read")] }) }),
    { code: "aborted", abortedBy: "unknown", message: expect.stringContaining("between two model calls") },
  ],
  [
    "ended between a compaction and the answer",
    turn({ lastAssistant: last({ isSummary: true }) }),
    { code: "aborted", abortedBy: "unknown" },
  ],
  [
    "killed after a call that a rule forbids, which does not stop the loop",
    turn({
      lastAssistant: last({
        finish: "tool-calls",
        tools: [
          tool("bash", {
            status: "error",
            error: "The user has specified a rule which prevents you from using this specific tool call. Here are some",
          }),
        ],
      }),
      process: killedByDeadline,
    }),
    { code: "timeout" },
  ],
  [
    "killed by the deadline long after an overflow it got over",
    turn({ streamErrors: [recoveredSeen(overflow)], lastAssistant: unfinished, process: killedByDeadline }),
    { code: "timeout" },
  ],
  [
    "an error it got over, then one it did not",
    failedTurn(apiError(401, "key revoked"), {
      exportErrors: [recoveredSeen(apiError(500, "hiccup")), openSeen(apiError(401, "key revoked"))],
    }),
    { code: "authentication_failed" },
  ],
  [
    "opencode crashed in the middle of a message",
    turn({ lastAssistant: unfinished, process: { signal: "SIGSEGV", by: "other" } }),
    { code: "unknown", evidence: "process", retryable: true },
  ],
  [
    "a subagent failed and opencode ended without an answer",
    turn({
      lastAssistant: last({ finish: "tool-calls", tools: [tool("task")] }),
      childError: {
        code: "billing_error",
        message: "Insufficient credits.",
        retryable: false,
        evidence: "export",
      },
      process: { exitCode: 1, by: "other" },
    }),
    { code: "billing_error" },
  ],
];

const succeeding: readonly (readonly [string, TurnEvidence])[] = [
  ["02-single-text", turn({ process: { exitCode: 0, by: "other" } })],
  [
    "05c: overflow, compaction, answer; exit 1",
    turn({ streamErrors: [openSeen(overflow)], process: { exitCode: 1, by: "other" } }),
  ],
  [
    "04b-subagent-error: the parent went on",
    turn({
      childError: { code: "server_error", message: "Overloaded", retryable: true, evidence: "export" },
    }),
  ],
  ["08-500-once: recovered", turn({ exportErrors: [recoveredSeen(apiError(500, "hiccup"))] })],
  ["07f-perm-deny-pattern: a refused tool, then an answer", turn({ lastAssistant: last({ tools: [rejectedBash] }) })],
  [
    "answered, then killed before opencode closed the message",
    turn({ lastAssistant: last({ completed: false }), process: killedByDeadline }),
  ],
  ["answered, then ended by the deadline while it idled", turn({ process: killedByDeadline })],
  ["17a-structured-ok", turn({ lastAssistant: last({ finish: "tool-calls", tools: [tool("StructuredOutput")] }) })],
  ["stderr that sounds terrible", turn({ stderr: "Error: 401 insufficient_quota, permission rejected" })],
];

describe("classify", () => {
  it.each(failing)("%s", (_situation, evidence, facts) => {
    expect(classify(evidence)).toMatchObject(facts);
  });

  it.each(succeeding)("%s is no failure", (_situation, evidence) => {
    expect(classify(evidence)).toBeNull();
  });

  it("attaches session, exit code and the tail of stderr to whatever it finds", () => {
    const around = { sessionId: "ses_1", stderr: `${"x".repeat(10_000)}the end` };
    for (const [situation, evidence] of failing.filter(([name]) => !name.startsWith("a subagent"))) {
      const facts = classify({ ...evidence, ...around });
      expect(facts, situation).toMatchObject({ sessionId: "ses_1" });
      expect(facts?.stderr, situation).toMatch(/^\[cut: 10007 characters in all\] … x+the end$/);
      expect(facts?.stderr?.length, situation).toBeLessThan(4_100);
    }
  });

  it("does not let stderr decide", () => {
    const quiet = turn({ lastAssistant: unfinished, process: { exitCode: 1, by: "other" } });
    const loud = { ...quiet, stderr: "ProviderAuthError: 401 Unauthorized\nRate limit reached (429)" };
    const { stderr, ...facts } = classify(loud) ?? {};
    expect(stderr).toBe(loud.stderr);
    expect(facts).toEqual(classify(quiet));
  });
});

it("a program that ended before all, and without a word, may be no opencode", () => {
  const process = { exitCode: 1, by: "other" } as const;
  const ended = turn({ sessionId: undefined, lastAssistant: null, process, stderr: "\n" });
  const before = "opencode ended with exit code 1 before there was a session";
  expect(classify(ended)?.message).toBe(`${before}; it said nothing, and is perhaps not opencode.`);
  expect(classify({ ...ended, stderr: "no luck" })?.message).toBe(`${before}: no luck`);
});
