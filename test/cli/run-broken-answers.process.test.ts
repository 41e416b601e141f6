import { describe, expect, test } from "vitest";
import { allowColdStarts } from "../support/cold-starts.js";
import {
  answer,
  broken,
  type Json,
  madeScenario,
  playRun,
  playToDeadline,
  refused,
  untilGivenUp,
} from "../support/play-run.js";

allowColdStarts();

interface Situation {
  readonly replies: readonly Json[];
  /** What a scenario may say beside its replies. */
  readonly more?: Json;
  readonly flags?: readonly string[];
  /** What the error must match. */
  readonly error: Json;
}

const HTML = "<!doctype html><html><body><h1>Too many requests</h1></body></html>";
const anthropic = { protocol: "messages" };

function bare(status: number, body: unknown, headers: Json = {}): Json {
  return { delayMs: 20, fault: { type: "status", status, headers, body } };
}

function inStream(frame: Json): Json {
  return broken({ type: "sse-error", frame });
}

describe("answers that break down, and refusals in unusual forms", () => {
  const fatal: Readonly<Record<string, Situation>> = {
    "429 that gives the wait in seconds": {
      replies: untilGivenUp(refused(429, "Rate limit reached", {}, { "Retry-After": "0.05" })),
      error: { code: "rate_limit", statusCode: 429, retryAtSource: "retry-after", retryAtBounded: false },
    },
    "429 that gives a date that has passed": {
      replies: untilGivenUp(
        refused(
          429,
          "Rate limit reached",
          {},
          { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after-ms": "20" },
        ),
      ),
      error: { code: "rate_limit", statusCode: 429, retryAtSource: "retry-after-ms", retryAtBounded: false },
    },
    "429 again and again, and fewer attempts than opencode itself would make": {
      replies: untilGivenUp(refused(429, "Rate limit reached", {}, { "retry-after-ms": "400" })),
      flags: ["--max-attempts", "2"],
      error: { code: "rate_limit", message: "Rate limit reached" },
    },
    "429 as a page of HTML": {
      replies: untilGivenUp(bare(429, HTML, { "retry-after-ms": "20" })),
      error: { code: "rate_limit", statusCode: 429 },
    },
    "429 with an empty body": {
      replies: untilGivenUp(bare(429, "", { "retry-after-ms": "20" })),
      error: { code: "rate_limit", statusCode: 429 },
    },
    "400 because the credit is used up, from Anthropic": {
      replies: [
        bare(400, {
          type: "error",
          error: {
            type: "invalid_request_error",
            message: "Your credit balance is too low to access the Anthropic API.",
          },
        }),
      ],
      more: anthropic,
      error: { code: "billing_error", statusCode: 400, retryable: false },
    },
    "400 with a body of 100 KB": {
      replies: [refused(400, "x".repeat(100_000))],
      error: { code: "invalid_request", statusCode: 400 },
    },
    "an error in the stream, from Anthropic": {
      replies: [inStream({ type: "error", error: { type: "invalid_request_error", message: "bad thing" } })],
      more: anthropic,
      error: { code: "invalid_request", message: "bad thing" },
    },
    "an error in the stream, from a gateway": {
      replies: [inStream({ error: { message: "Upstream exploded", type: "upstream_error", code: 418 } })],
      error: { code: "server_error", message: "Upstream exploded" },
    },
    "a chunk that is no JSON": {
      replies: [broken({ type: "malformed" })],
      error: { code: "unknown", retryable: true, evidence: "export" },
    },
    "a provider that says nothing at all": {
      replies: [{ delayMs: 20, fault: { type: "hang", at: "before-headers" } }],
      error: { code: "timeout" },
    },
    "a connection that is always reset": {
      replies: Array.from({ length: 20 }, () => ({ fault: { type: "reset", at: "before-headers" } })),
      error: { code: "timeout" },
    },
    "a stream that always ends without a finish": {
      replies: Array.from({ length: 20 }, () => broken({ type: "cut" })),
      flags: ["--max-steps", "3"],
      error: { code: "aborted", abortedBy: "limit", limit: { of: "steps", allowed: 3 } },
    },
  };

  test.each(Object.entries(fatal))("%s", async (_, { replies, more, flags, error }) => {
    const wanted = madeScenario(replies, more);
    const played = error.code === "timeout" ? await playToDeadline(wanted) : await playRun(wanted, ...(flags ?? []));
    expect(played.document.error, played.document.error?.message).toMatchObject(error);
    expect(JSON.stringify(played.document.error).length).toBeLessThan(20_000);
    expect(played.document.traces[0].loop.error).toMatchObject({ code: error.code });
    expect(played.code).toBe(1);
    expect(played.processes).toEqual([]);
    expect(played.files.filter((name) => name.startsWith("looptrace"))).toEqual([]);
  });

  const survived: Readonly<Record<string, Pick<Situation, "replies" | "more">>> = {
    "a connection that is reset once": {
      replies: [{ fault: { type: "reset", at: "before-headers" } }, answer],
    },
    "a stream that is reset in the middle": {
      replies: [broken({ type: "reset", at: "mid-stream" }), answer],
    },
    "a stream that ends without a finish": { replies: [broken({ type: "cut" }), answer] },
    "an answer without a single byte": { replies: [{ fault: { type: "empty-body" } }, answer] },
    "an overloaded provider that says so in the stream": {
      replies: [
        inStream({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }),
        { text: "Done." },
      ],
      more: anthropic,
    },
  };

  test.each(Object.entries(survived))("%s, and then an answer: no failure", async (_, { replies, more }) => {
    const played = await playRun(madeScenario(replies, more));
    expect(played.document.error).toBeNull();
    expect(played.document.text).toBe("Done.");
    expect(played.code).toBe(0);
    const [{ loop }] = played.document.traces;
    expect(loop).toMatchObject({ outcome: "completed", error: null });
    // Both requests can be seen: as two calls, or as a dead attempt of one.
    const steps: readonly { call: unknown; retries: readonly unknown[] }[] = loop.steps;
    const calls = steps.flatMap(({ call, retries }) => [...(call === null ? [] : [call]), ...retries]);
    expect(calls).toHaveLength(2);
    expect(played.processes).toEqual([]);
  });
});
