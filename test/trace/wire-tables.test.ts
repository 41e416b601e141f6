import { describe, expect, test } from "vitest";
import { segmentHash } from "../../src/trace/wire-tables.js";
import { at, onlyOne } from "../support/fixtures.js";
import { SESSION } from "./make-session.js";
import { exchange, refused } from "./make-wire.js";
import { bodyOf, SYSTEM, TOOLS, traceOf, two } from "./two-recorded-calls.js";
import { callsIn, retriesIn } from "./walk-trace.js";

describe("what requests are made of", () => {
  const trace = traceOf(two);
  const [one, other] = callsIn(trace.loop).map(({ wire }) => wire?.request);

  test("is told by segments with their owners, each once for all calls", () => {
    const owners = (trace.wire?.segments ?? []).map(({ owner }) => owner);
    expect(owners.map(({ kind }) => kind).toSorted()).toEqual(
      ["prompt", "system", "tool-call", "tool-result", "tool-schema", "tool-schema"].toSorted(),
    );
    expect(owners).toContainEqual({ kind: "tool-schema", tool: "jira_search", origin: "mcp", server: "jira" });
    const places = new Set(one?.segments.map(([place]) => place));
    expect(other?.segments.filter(([place]) => places.has(place))).toHaveLength(4);
    expect(trace.wire?.segments).toContainEqual({ owner: { kind: "prompt" }, hash: segmentHash("Go."), bytes: 3 });
  });

  test("adds up to the tokens of the prompt", () => {
    for (const { usage, wire } of callsIn(trace.loop)) {
      const sum = wire?.request?.segments.reduce((all, [, tokens]) => all + tokens, 0);
      expect(sum).toBe((usage?.input ?? 0) + (usage?.cacheRead ?? 0) + (usage?.cacheWrite ?? 0));
    }
  });

  test("holds the system prompt and the tools once, by their hashes", () => {
    expect(other?.systemHash).toBe(one?.systemHash);
    expect(other?.toolsHash).toBe(one?.toolsHash);
    expect(Object.keys(trace.wire?.texts ?? {})).toHaveLength(2);
    expect(trace.wire?.texts[one?.systemHash ?? ""]).toBe(SYSTEM.content);
    expect(JSON.parse(trace.wire?.texts[one?.toolsHash ?? ""] ?? "")).toEqual(TOOLS);
  });

  test("is told of a dead attempt and of the title as well", () => {
    const title = exchange(55, 300, {
      purpose: "title",
      body: bodyOf([SYSTEM, { role: "user", content: "Title?" }], []),
    });
    const dead = refused(53, 54, 503, { body: at(two, 0).body });
    const { loop } = traceOf([title, dead, ...two]);
    expect(onlyOne(retriesIn(loop)).wire?.request?.hash).toBe(at(two, 0).body.hash);
    expect(onlyOne(loop.otherCalls ?? []).wire?.request?.toolsHash).toBeNull();
  });

  test("is not told where bodies were not recorded", () => {
    const bare = two.map((each) => ({ ...each, body: { ...each.body, text: null } }));
    const { loop, wire } = traceOf(bare);
    expect(callsIn(loop).map((call) => call.wire?.request)).toEqual([null, null]);
    expect(wire).toEqual({ segments: [], texts: {}, notes: [] });
  });
});

describe("what the wire lacks is said", () => {
  test("where calls were not recorded, and what the recording says of itself", () => {
    const notes = ["The recording ends early."];
    expect(traceOf([at(two, 1)], { notes }).wire?.notes).toEqual([
      ...notes,
      expect.stringMatching(/^The request of 1 of 2 calls was not recorded/),
    ]);
  });

  test("where requests name no session, or that of a subagent which is missing", () => {
    const strays = [
      exchange(60, 70, { sessionId: null }),
      exchange(61, 71, { sessionId: "ses_child", parentSessionId: SESSION }),
    ];
    expect(traceOf([...two, ...strays]).wire?.notes).toEqual([
      expect.stringMatching(/^1 recorded request\(s\) name no session/),
      expect.stringMatching(/ses_child, which is not in the input/),
    ]);
  });

  test("and nothing of a turn that has no recorded request", () => {
    const { wire, loop } = traceOf([exchange(57, 890, { sessionId: "ses_other" })]);
    expect(wire).toBeUndefined();
    expect(JSON.stringify(loop)).not.toContain('"wire"');
  });
});

test("a request that carried the trace's id is the span that it named; one with another trace's id is not", () => {
  const { traceId, loop } = traceOf(two);
  const carried = (id: string) => two.map((one) => ({ ...one, traceparent: `00-${id}-00f067aa0ba902b7-01` }));
  const own = traceOf([at(carried(traceId), 0), at(two, 1)]);
  const ids = callsIn(loop).map(({ spanId }) => spanId);
  expect(callsIn(own.loop).map(({ spanId }) => spanId)).toEqual(["00f067aa0ba902b7", ids[1]]);
  const foreign = traceOf(carried("0af7651916cd43dd8448eb211c80319c"));
  expect(callsIn(foreign.loop).map(({ spanId }) => spanId)).toEqual(ids);
});

test("what a recording lacks is told also where it holds no request of the turn", () => {
  const lost = "The recording is not whole: the disk is full.";
  expect(traceOf([], { notes: [lost] }).wire).toEqual({ segments: [], texts: {}, notes: [lost] });
  expect(traceOf([]).wire).toBeUndefined();
});

test("requests are cut when it is first asked what they are made of, once", () => {
  let reads = 0;
  const watched = two.map((one) => ({
    ...one,
    body: {
      ...one.body,
      get text() {
        reads += 1;
        return one.body.text;
      },
    },
  }));
  const trace = traceOf(watched);
  // Those around a cache break are read for its cause.
  const forCauses = reads;
  const [call] = callsIn(trace.loop);
  expect(call?.wire?.status).toBe(200);
  expect(reads).toBe(forCauses);
  expect(trace).toEqual(traceOf(two));
  expect(reads).toBeGreaterThan(forCauses);
  const forAll = reads;
  expect(JSON.parse(JSON.stringify(trace))).toEqual(JSON.parse(JSON.stringify(traceOf(two))));
  expect(reads).toBe(forAll);
});
