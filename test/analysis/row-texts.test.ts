import { describe, expect, test } from "vitest";
import {
  callText,
  eventText,
  firstTokenText,
  loopText,
  retriesText,
  retryText,
  toolText,
} from "../../src/analysis/row-texts.js";
import type { StepEvent } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, loadFixture, onlyOne, traceOf } from "../support/fixtures.js";
import { callsIn, eventsIn, loopsIn, retriesIn, toolsIn } from "../trace/walk-trace.js";

describe("what the tree says of each thing", () => {
  test("a turn by its prompt; how it failed is told in full elsewhere", () => {
    expect(loopText(traceOf("plain-answer@1.18.33").loop, true)).toBe(
      "“Which port does the server listen on by default?”",
    );
    expect(loopText(traceOf("provider-401@1.18.33").loop, true)).toBe("authentication_failed · “Say hello.”");
  });

  test("a subagent by its agent, its prompt or its error, and what is odd about it", () => {
    const [, good, bad] = loopsIn(traceOf("parallel-subagents@1.18.33").loop);
    if (!good || !bad) throw new Error("the fixture has no subagents");
    expect(loopText(good, false)).toBe("worker: “Name the first fruit of fruit.txt.”");
    expect(loopText(bad, false)).toMatch(/^worker: invalid_request · “/);
    const silent = { ...bad, steps: bad.steps.map((step) => ({ ...step, call: null })) };
    expect(loopText(silent, false)).toMatch(/^worker: invalid_request: Invalid value for 'messages\[1\]\.content' · “/);
    expect(loopText({ ...good, notes: ["It ended late."] }, false)).toMatch(/” · It ended late\.$/);
  });

  test("a call by what it said and asked for; the wait beside it is as exact as the call", () => {
    const [call] = callsIn(traceOf("subagent@1.18.33").loop);
    const [bounded] = callsIn(traceOf("subagent@1.18.33", "export").loop);
    if (!call || !bounded) throw new Error("the fixture has no call");
    expect(callText(call)).toBe("“I ask the worker.” · → task");
    expect(firstTokenText({ ...call, timing: "exact" })).toMatch(/^first token \d+ms$/);
    expect(firstTokenText(bounded)).toMatch(/^first token ~\d+ms$/);
    const failed = onlyOne(callsIn(traceOf("provider-401@1.18.33").loop));
    expect([callText(failed), firstTokenText(failed)]).toEqual([
      "authentication_failed: Incorrect API key provided: scripted.",
      "",
    ]);
  });

  test("a tool by how it failed, what is not known of it, its title, its arguments: in this order", () => {
    const { session, subagents } = loadFixture("parallel-subagents@1.18.33");
    const [first, second] = toolsIn(onlyOne(traceSession({ session, children: [] })).loop);
    if (!first || !second) throw new Error("the fixture has no tasks");
    const missing = (id: string): string => `Not in the input: subagent ${id}; its steps, tokens and cost are missing.`;
    expect(toolText(first, "/")).toBe(`${missing(at(subagents, 0).info.id)} · First fruit`);
    expect(toolText(second, "/")).toMatch(/^Last fruit: Subagent failed .* · Not in the input: subagent ses_/);
    const plain = { ...first, notes: [], title: "home/me/project/a.txt", input: { b: 1 } };
    expect(toolText(plain, "/home/me/project")).toBe("a.txt");
    expect(toolText({ ...plain, title: null }, "/")).toBe('{"b":1}');
    expect(toolText({ ...plain, title: null, input: '{"b":' }, "/")).toBe('{"b":');
    expect(toolText({ ...plain, title: null, input: null }, "/")).toBe("");
  });

  test("dead attempts by why they died", () => {
    const [retry] = retriesIn(traceOf("rate-limited-then-ok@1.18.33").loop);
    const [broken] = retriesIn(traceOf("retry-in-stream@1.18.33").loop);
    if (!retry || !broken) throw new Error("the fixture has no retry");
    expect(retryText(retry)).toBe("rate_limit: Rate limit reached for m1");
    expect(retryText({ ...broken, error: null })).toBe("the stream broke off");
    expect(retriesText([retry, { ...broken, error: null }, retry])).toBe(
      "rate_limit 2 times, the stream broke off 1 time",
    );
  });

  test("events in words", () => {
    const compaction = onlyOne(eventsIn(traceOf("compaction@1.18.33").loop));
    expect(eventText(compaction)).toBe("automatic: the context was nearly full");
    expect(eventText({ ...compaction, attributes: { auto: true, overflow: true } })).toBe(
      "a request was larger than the model's context",
    );
    expect(eventText({ ...compaction, attributes: { auto: false, overflow: false } })).toBe("on request");
    const circling = onlyOne(eventsIn(traceOf("doom-loop@1.18.33").loop));
    expect(eventText(circling)).toBe(
      'read failed 5 times with the same arguments: {"filePath":"/home/dev/project/missing.txt"}',
    );
    const { lastError: _, ...quiet } = circling.attributes;
    expect(eventText({ ...circling, attributes: quiet })).toMatch(/^read gave the same result 5 times with/);
  });
});

test("what was read anew as a cache broke stands before why, and what it cost between them", () => {
  const text = (attributes: StepEvent["attributes"]): string =>
    eventText({ spanId: "", name: "cache-break", at: 0, attributes: { tokensReadAnew: 9800, ...attributes } });
  expect(text({})).toBe("9,800 tokens read anew");
  expect(text({ cause: "tools changed: server `jira`\u001b[2J came late", costUsd: 0.0294 })).toBe(
    "9,800 tokens read anew ($0.0294 more than from the cache): tools changed: server `jira` came late",
  );
});
