import pc from "picocolors";
import { expect, test } from "vitest";
import { requestDiff } from "../../src/analysis/request-diff.js";
import { requestView } from "../../src/analysis/request-view.js";
import { wireRequests } from "../../src/analysis/wire-requests.js";
import { paintRequest, paintRequestDiff } from "../../src/terminal/paint-request.js";
import { paintRequests } from "../../src/terminal/paint-requests.js";
import { columnsOf } from "../../src/text/columns.js";
import { NO_OWNER_FACTS } from "../../src/wire/segments/owner-facts.js";
import { at, traceOf } from "../support/fixtures.js";
import { madeBody, madeExchange, withMadeWire } from "../support/made-wire.js";

const colors = pc.createColors(false);
const exchanges = [
  madeExchange(0, '{"model":"title\u001b[2Jmodel"}', { purpose: "title" }),
  ...[1, 2, 3].map((n) => madeExchange(n, JSON.stringify({ model: "m", messages: Array(n * 40).fill("hello") }))),
  madeExchange(4, '{"model":"m"}', {
    response: { status: 529, headers: {}, at: 0, bytes: 0, chunks: [] },
    end: { how: "failed", at: 1_764_385_204_010, error: "overloaded" },
  }),
];
const trace = withMadeWire(
  traceOf("subagent@1.18.33"),
  exchanges.slice(1, 4).map((exchange) => ({ segments: [], exchange })),
);
const list = {
  sessionId: "ses_made",
  title: "A title\u202e",
  requests: wireRequests(exchanges, [trace]),
  notes: ["3 requests of one recording are missing"],
};

test.each([80, 120, 200])("at %i columns", async (width) => {
  await expect(paintRequests(list, { width, colors })).toMatchFileSnapshot(`snapshots/wire-requests-${width}.txt`);
});

test("no line is wider than the terminal, and nothing steers it", () => {
  for (const width of [20, 40, 80, 200]) {
    const painted = paintRequests(list, { width, colors });
    expect(painted.split("\n").filter((line) => columnsOf(line) > width)).toEqual([]);
    expect(painted).not.toMatch(/[\u001b\u202e]/);
  }
});

test("nor is one of a request that is shown whole, or of what changed", () => {
  const body = (said: string) =>
    JSON.stringify({
      model: "m",
      messages: [{ role: "user", content: `${said}\u001b[2J\u202e ${"long ".repeat(80)}` }],
    });
  const [before, after] = [madeExchange(0, body("one")), madeExchange(1, body("two"))];
  const broken = { ...after, end: { how: "failed", at: null, error: "reset\u001b[2J" } as const };
  for (const width of [20, 40, 80, 200]) {
    const view = requestView(at(wireRequests([broken], []), 0), broken);
    const diff = requestDiff(before, after, NO_OWNER_FACTS);
    if (!diff) throw new Error("no diff");
    expect(diff.changes).toMatchObject([{ kind: "changed", name: "prompt" }]);
    expect(diff.firstDifference).toMatchObject({ name: "prompt" });
    for (const painted of [paintRequest(view, { width, colors }), paintRequestDiff(diff, [0, 1], { width, colors })]) {
      expect(painted.split("\n").filter((line) => columnsOf(line) > width)).toEqual([]);
      expect(painted).not.toMatch(/[\u001b\u202e]/);
    }
  }
});

test("what moved is no change, and of parts that say the same each counts once", () => {
  const of = (...said: string[]) => ({
    ...madeExchange(0, ""),
    body: madeBody(JSON.stringify({ messages: said.map((content) => ({ role: "user", content })) })),
  });
  const diff = requestDiff(of("a", "b", "b"), of("b", "a", "c"), NO_OWNER_FACTS);
  expect(diff?.changes).toMatchObject([{ kind: "changed", before: "b", after: "c" }]);
});

/** Two requests of chat completions with these fields. */
const asked = (fields: object, ...said: string[]) => ({
  ...madeExchange(0, ""),
  body: madeBody(
    JSON.stringify({ model: "m", messages: said.map((content) => ({ role: "user", content })), ...fields }),
  ),
});

test("parameters that differ are one part that changed, with both values", () => {
  const diff = requestDiff(
    asked({ max_tokens: 32_000, top_p: 1, tool_choice: "auto" }, "a"),
    asked({ max_tokens: 8000, top_p: 1 }, "a"),
    NO_OWNER_FACTS,
  );
  expect(diff?.changes).toMatchObject([
    {
      ...{ kind: "changed", name: "the request's parameters", owner: { kind: "rest" } },
      ...{ before: '{"max_tokens":32000,"tool_choice":"auto"}', after: '{"max_tokens":8000}' },
    },
  ]);
  expect(diff?.firstDifference).toMatchObject({ name: "the request's parameters" });
  const other = requestDiff(
    asked({}, "a"),
    { ...asked({}, "a"), body: madeBody('{"model":"n","messages":[]}') },
    NO_OWNER_FACTS,
  );
  expect(other?.firstDifference).toMatchObject({ name: "the request's parameters" });
  expect(other?.changes.map(({ kind, name }) => [kind, name])).toEqual([
    ["changed", "the request's parameters"],
    ["removed", "prompt"],
  ]);
});

test("the first difference is the same whichever request is named first, and is cut visibly at both ends", () => {
  const long = "word ".repeat(60);
  const [short, more] = [asked({ max_tokens: 1 }, long), asked({ max_tokens: 1 }, long, long)];
  for (const [before, after] of [[short, more] as const, [more, short] as const]) {
    const { firstDifference: first, changes } = requestDiff(before, after, NO_OWNER_FACTS) ?? {};
    expect(first).toMatchObject({ name: "prompt", owner: { kind: "prompt" } });
    expect(changes).toHaveLength(1);
    expect([first?.before, first?.after].filter((text) => text?.startsWith("…"))).toHaveLength(2);
    expect([first?.before, first?.after].filter((text) => text?.endsWith("…"))).toHaveLength(1);
  }
});

test("costs line up", () => {
  const [first, second] = [at(list.requests, 1), at(list.requests, 2)];
  const requests = [
    { ...first, cost: 0.0311 },
    { ...second, cost: 0.00692 },
  ];
  expect(paintRequests({ ...list, requests }, { width: 200, colors }).match(/\$[\d.]+/g)).toEqual([
    "$0.03110",
    "$0.00692",
  ]);
});
