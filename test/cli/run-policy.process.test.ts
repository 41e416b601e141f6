import { describe, expect, test } from "vitest";
import { loadScenario } from "../provider/load-scenario.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { at } from "../support/fixtures.js";
import {
  answer,
  type Json,
  playRun as play,
  playToDeadline,
  refused,
  madeScenario as scenario,
  untilGivenUp as six,
  usage,
} from "../support/play-run.js";

allowColdStarts();

type Situation = readonly [name: string, replies: readonly Json[], code: string];

describe("every failure of a provider comes out as its class, and leaves nothing behind", () => {
  const fast = { "retry-after-ms": "20" };
  // More of each than are asked for: one whose connection was lost is sent again.
  const situations: readonly Situation[] = [
    ["401", six(refused(401, "Incorrect API key provided")), "authentication_failed"],
    ["402", six(refused(402, "Insufficient credits")), "billing_error"],
    ["403", six(refused(403, "Project does not have access to model")), "authentication_failed"],
    ["404", six(refused(404, "The model `m1` does not exist")), "invalid_request"],
    [
      "429 six times",
      six(refused(429, "Rate limit reached for m1", { code: "rate_limit_exceeded" }, fast)),
      "rate_limit",
    ],
    [
      "429 without quota",
      six(refused(429, "You exceeded your current quota", { code: "insufficient_quota" }, fast)),
      "billing_error",
    ],
    ["500 six times", six(refused(500, "Internal server error", {}, fast)), "server_error"],
    ["529 six times", six(refused(529, "Overloaded", { type: "overloaded_error" }, fast)), "server_error"],
    [
      "502 with a page of HTML, six times",
      six({
        delayMs: 20,
        fault: { type: "status", status: 502, headers: fast, body: "<html><h1>Bad Gateway</h1></html>" },
      }),
      "server_error",
    ],
    ["a content filter", [{ delayMs: 20, text: "I", finish: "content-filter", usage }], "content_filter"],
    ["the output limit", [{ delayMs: 20, text: "It began", finish: "length", usage }], "max_output_tokens"],
    ["a stream that hangs", [{ delayMs: 20, text: "It began", fault: { type: "hang", at: "mid-stream" } }], "timeout"],
  ];
  test.each(situations.map((situation) => ({ situation, name: situation[0] })))("$name", async ({ situation }) => {
    const [, replies, code] = situation;
    const wanted = scenario(replies);
    const played = code === "timeout" ? await playToDeadline(wanted) : await play(wanted);
    expect(played.document.error, played.document.error?.message).toMatchObject({ code });
    expect(played.code).toBe(1);
    expect(at(played.document.traces, 0)).toMatchObject({ loop: { error: { code } } });
    expect(played.processes).toEqual([]);
    expect(played.files.filter((name) => name.startsWith("looptrace"))).toEqual([]);
  });

  test("a 413 that opencode compacts for ever is ended by the limit of steps", async () => {
    // The summary is answered, and what follows it is as large as before.
    const tooLarge = Array.from({ length: 30 }, () => [refused(413, "Request too large"), answer]).flat();
    const { code, document, requests } = await play(scenario(tooLarge), "--max-steps", "3");
    expect(document.error).toMatchObject({
      code: "aborted",
      abortedBy: "limit",
      limit: { of: "steps", allowed: 3 },
    });
    expect(code).toBe(1);
    expect(requests.length).toBeLessThan(60);
  });
});

test("what recovered is no failure", async () => {
  const { code, document } = await play(
    scenario([
      refused(429, "Rate limit reached", {}, { "retry-after-ms": "50" }),
      { delayMs: 20, text: "It began", fault: { type: "cut" } },
      answer,
    ]),
  );
  expect(document).toMatchObject({ error: null, text: expect.stringContaining("Done.") });
  expect(code).toBe(0);
});

test("a fallback model takes over, and both attempts say which they were", async () => {
  const model = (id: string): Json => ({ id, limit: { context: 100_000, output: 8_000 } });
  const wanted = scenario([], {
    models: [model("m1"), model("m2")],
    lanes: [
      { name: "first", model: "m1", replies: [refused(401, "Incorrect API key provided")] },
      { name: "second", model: "m2", replies: [answer] },
    ],
  });
  const { code, stderr, document } = await play(wanted, "-m", "scripted/m1", "--fallback-model", "scripted/m2");
  expect(code).toBe(0);
  expect(stderr).toContain(
    "looptrace: authentication_failed: Incorrect API key provided · next attempt 2 of 2 at once with scripted/m2\n",
  );
  expect(document).toMatchObject({
    text: "Done.",
    error: null,
    attempts: [
      { model: "scripted/m1", error: { code: "authentication_failed" } },
      { model: "scripted/m2", error: null },
    ],
  });
  const runs = document.traces.map(({ loop }: { loop: { run: unknown } }) => loop.run);
  expect(runs).toEqual([
    { id: document.runId, attempt: 0 },
    { id: document.runId, attempt: 1 },
  ]);
});

test("a failed turn is run again where its class allows, and never where it does not", async () => {
  const cutOff = { delayMs: 20, text: "It began", finish: "length", usage };
  const again = await play(scenario([cutOff, answer]), "--retries", "2");
  expect(again.document).toMatchObject({ error: null, text: "Done." });
  expect(again.document.attempts).toMatchObject([{ error: { code: "max_output_tokens" } }, { error: null }]);
  const never = await play(scenario([refused(400, "Invalid value for 'messages'")]), "--retries", "2");
  expect(never.document).toMatchObject({ error: { code: "invalid_request" } });
  expect(never.document.attempts).toHaveLength(1);
});

test("a doom loop, too many steps and too high a cost end the run, with the trace of what happened", async () => {
  const call = (path: string): Json => ({
    delayMs: 20,
    toolCalls: [{ name: "read", arguments: { filePath: `{{workdir}}/${path}` } }],
    usage,
  });
  const circling = Array.from({ length: 12 }, () => call("missing.txt"));
  const doomed = await play(scenario([...circling, answer]), "--halt-on-doom-loop");
  expect(doomed.document.error).toMatchObject({
    code: "doom_loop",
    tool: "read",
    lastError: expect.stringMatching(/not found/i),
  });
  expect(doomed.document.error.count).toBeGreaterThanOrEqual(3);
  expect(doomed.requests.length).toBeLessThan(12);
  const events = doomed.document.traces[0].loop.steps.flatMap(({ events }: { events: { name: string }[] }) => events);
  expect(events).toMatchObject([{ name: "doom-loop", attributes: { tool: "read" } }]);

  const wandering = Array.from({ length: 8 }, (_, index) => call(`missing-${index}.txt`));
  const limited = await play(scenario([...wandering, answer]), "--max-steps", "2");
  expect(limited.document.error).toMatchObject({
    code: "aborted",
    limit: { of: "steps", allowed: 2 },
  });
  // On a busy machine the third one has begun before looptrace reads that the second one wants it.
  expect([2, 3]).toContain(limited.document.error.limit.reached);
  expect(limited.code).toBe(1);

  const dear = await play(scenario([...wandering, answer]), "--max-cost", "0.005");
  expect(dear.document.error).toMatchObject({ code: "aborted", limit: { of: "cost", allowed: 0.005 } });

  const enough = await play(
    scenario([call("missing.txt"), answer]),
    "--max-steps",
    "2",
    "--max-tokens",
    "100000",
    "--halt-on-doom-loop",
  );
  expect(enough.document).toMatchObject({ error: null, text: "Done." });
});

describe("a loop that gets nowhere without a tool is ended by --halt-on-doom-loop", () => {
  const unknown: Json = { delayMs: 20, finish: "unknown", usage: { input: 900, output: 0 } };
  const tooLarge = refused(400, "This model's maximum context length is 100000 tokens.", {
    code: "context_length_exceeded",
  });
  const summary: Json = { delayMs: 20, text: "So far: nothing.", usage };
  const halting = (driver: string) => ["--driver", driver, "--halt-on-doom-loop"];
  const doomEvents = (document: { traces: { loop: { steps: { events: { name: string }[] }[] } }[] }) =>
    document.traces
      .flatMap(({ loop }) => loop.steps.flatMap(({ events }) => events))
      .filter(({ name }) => name === "doom-loop");

  test.each(["server", "cli"])("empty answers for ever, over the driver %s", async (driver) => {
    const replies = Array.from({ length: 60 }, () => unknown);
    const { code, document, requests } = await play(scenario(replies), ...halting(driver));
    expect(document.driver).toBe(driver);
    expect(document.error).toMatchObject({
      code: "doom_loop",
      tool: null,
      arguments: null,
      answer: { text: "", finish: "unknown" },
      count: 3,
    });
    expect(code).toBe(1);
    expect(requests.length).toBeLessThan(30);
    expect(doomEvents(document)).toMatchObject([{ attributes: { answer: "", finish: "unknown" } }]);
  });

  test.each(["server", "cli"])("requests that stay too large, over the driver %s", async (driver) => {
    const replies = Array.from({ length: 30 }, () => [tooLarge, summary]).flat();
    const { code, document, requests } = await play(scenario(replies), ...halting(driver));
    expect(document.driver).toBe(driver);
    expect(document.error).toMatchObject({ code: "doom_loop", tool: null, count: 3 });
    expect(document.error.lastError).toMatch(/maximum context length/);
    expect(code).toBe(1);
    expect(requests.length).toBeLessThan(40);
    expect(doomEvents(document)).toHaveLength(1);
  });

  test("but not what comes to an end by itself", async () => {
    const storm = await loadScenario("unknown-storm");
    const { code, document } = await play(storm, "--halt-on-doom-loop", "--doom-loop-threshold", "7");
    expect(document).toMatchObject({ error: null, text: "Hello." });
    expect(code).toBe(0);
  });
});
