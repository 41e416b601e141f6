/**
 * What is known about a failure, as plain JSON-serialisable data: the form that a trace carries and that crosses
 * process borders. The classes of the `OpenCodeError` family wrap exactly this.
 */
import { z } from "zod";

/**
 * Where the verdict comes from, richest first: the error object in the session's export, the error event of the run
 * stream, the finish reason of the last message, the way the process ended. What failed and was tried again stands only
 * in opencode's log, in the events of its server, and in what was recorded of its requests.
 */
const evidence = z.enum(["export", "stream", "finish", "process", "log", "events", "wire"]);

const providerFacts = z
  .object({
    /** opencode's id of the provider, such as `anthropic`. */
    id: z.string().exactOptional(),
    /** The provider's own message, on one line. */
    message: z.string().exactOptional(),
    /** The provider's error code, such as `insufficient_quota`. */
    code: z.string().exactOptional(),
    /** The provider's error type, such as `overloaded_error`. */
    type: z.string().exactOptional(),
    /** The provider's id of the request: what its support asks for. */
    requestId: z.string().exactOptional(),
    /** Where the request went, without credentials, query and fragment. */
    url: z.string().exactOptional(),
    /** The head of the provider's answer as it came. */
    body: z.string().exactOptional(),
  })
  .readonly();

const shared = {
  /** One line for a person. */
  message: z.string(),
  /** Whether the same request may succeed later; how to try again is `retryPolicies[code]`. */
  retryable: z.boolean(),
  evidence,
  /** The HTTP status that the provider answered with. */
  statusCode: z.int().exactOptional(),
  sessionId: z.string().exactOptional(),
  /** The exit code of opencode; it proves nothing by itself. */
  exitCode: z.int().exactOptional(),
  /** The tail of opencode's stderr: attached for people, never interpreted. */
  stderr: z.string().exactOptional(),
  /** The name of opencode's error object, such as `APIError`, when there was one. */
  opencodeError: z.string().exactOptional(),
  provider: providerFacts.exactOptional(),
};

/** A limit that the caller had set for a run, and what the run had come to: steps, tokens, or USD. */
const runLimit = z
  .object({ of: z.enum(["steps", "tokens", "cost"]), allowed: z.number(), reached: z.number() })
  .readonly();

/** A request that failed on the way: the `code` of its class, and what was said. */
const lastFailure = z.object({ code: z.string(), message: z.string(), statusCode: z.int().exactOptional() }).readonly();

/** Validates {@link ErrorFacts} that come from outside; fields it does not know are dropped. */
export const errorFactsSchema = z.discriminatedUnion("code", [
  z.object({
    ...shared,
    code: z.literal("rate_limit"),
    /** When the provider may be asked again: milliseconds since the Unix epoch. */
    retryAt: z.number(),
    /** Who said so: a header, the `google.rpc.RetryInfo` of the body, or neither (60 s after the error). */
    retryAtSource: z.enum(["retry-after-ms", "retry-after", "retry-info", "default"]),
    /** Whether the provider named an absurd time (negative, not a time, over 24 h) that was bounded. */
    retryAtBounded: z.boolean(),
  }),
  z.object({ ...shared, code: z.literal("authentication_failed") }),
  z.object({ ...shared, code: z.literal("billing_error") }),
  z.object({
    ...shared,
    code: z.literal("invalid_request"),
    /**
     * What could not be begun with, so that no provider was asked: a model that opencode does not know, or a request
     * that was refused before its prompt was handed over, by looptrace or for what a server of opencode's lists. Absent
     * where a provider refused the request.
     */
    reason: z.enum(["model", "start"]).exactOptional(),
  }),
  z.object({ ...shared, code: z.literal("start_failed") }),
  z.object({
    ...shared,
    code: z.literal("server_error"),
    /** How long the provider asks to wait, in milliseconds from the error; absent when it did not say. */
    retryAfterMs: z.number().exactOptional(),
  }),
  z.object({
    ...shared,
    code: z.literal("max_output_tokens"),
    reason: z.enum(["output_limit", "context_overflow"]),
    /** What the model had written until then, whole. */
    partialText: z.string().exactOptional(),
  }),
  z.object({ ...shared, code: z.literal("content_filter") }),
  z.object({
    ...shared,
    code: z.literal("invalid_output"),
    /** Whether there was no structured answer at all, or one that does not fit the schema. */
    reason: z.enum(["missing", "schema"]),
    /** Where it does not fit, each a line: the place in the answer, and what is wrong there. */
    problems: z.array(z.string()).readonly(),
  }),
  z.object({
    ...shared,
    code: z.literal("permission_rejected"),
    /** The tool that was refused; absent when opencode did not say. */
    tool: z.string().exactOptional(),
  }),
  z.object({
    ...shared,
    code: z.literal("aborted"),
    /** Who ended the turn: looptrace's caller, a limit of the caller's, a client of opencode's API, a signal. */
    abortedBy: z.enum(["caller", "limit", "api", "signal", "unknown"]),
    /** The limit, where one ended the turn. */
    limit: runLimit.exactOptional(),
    /** The signal that ended opencode, such as `SIGTERM`. */
    signal: z.string().exactOptional(),
  }),
  z.object({
    ...shared,
    code: z.literal("timeout"),
    /** What took too long: the whole turn (its deadline) or one request to the provider (opencode's `timeout`). */
    limit: z.enum(["turn", "request"]),
    /** After how many milliseconds it was given up; absent when opencode did not say. */
    afterMs: z.number().exactOptional(),
    /** Why the last request failed before the time was up, where no answer came after it. */
    lastFailure: lastFailure.exactOptional(),
  }),
  z.object({
    ...shared,
    code: z.literal("doom_loop"),
    /**
     * The tool that was called again and again; null where none was: the model gave the same answer without a tool
     * (`answer`), or requests were too large for its context again and again.
     */
    tool: z.string().nullable(),
    /** The arguments it was called with each time, as JSON text (its head when it is long); null without a tool. */
    arguments: z.string().nullable(),
    /** What the model answered each time: its text (the head of a long one; empty: it said nothing), and its finish. */
    answer: z.object({ text: z.string(), finish: z.string() }).readonly().exactOptional(),
    /** How often. */
    count: z.int(),
    /** The error of the last of these calls or requests, if it failed. */
    lastError: z.string().exactOptional(),
  }),
  z.object({ ...shared, code: z.literal("unknown") }),
]);

/** The stable name of a class of failures; also the `error.type` of a span. */
export type ErrorCode = ErrorFacts["code"];
/** The facts of one class of failures. */
export type FactsOf<Code extends ErrorCode> = Extract<ErrorFacts, { readonly code: Code }>;
/** A failure as plain data; discriminated by `code`. */
export type ErrorFacts = Readonly<z.infer<typeof errorFactsSchema>>;
/** What tells of an error: opencode's export, its events, its log, its recorded requests or the way its process ended. */
export type ErrorEvidence = z.infer<typeof evidence>;
/** A limit that ended a run, and what the run had come to: steps, tokens or USD. */
export type RunLimit = z.infer<typeof runLimit>;
/** What the provider's answer to a failed request says. */
export type ProviderFacts = z.infer<typeof providerFacts>;

/** opencode's own error object; what is in `data` depends on the name and on the provider. */
export interface ErrorObject {
  /** Such as `APIError` or `ProviderAuthError`. */
  readonly name: string;
  /** What belongs to it, as opencode wrote it. */
  readonly data?: unknown;
}
