import pc from "picocolors";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { requestDiff } from "../../src/analysis/request-diff.js";
import { requestView } from "../../src/analysis/request-view.js";
import { wireRequests } from "../../src/analysis/wire-requests.js";
import { paintRequest, paintRequestDiff } from "../../src/terminal/paint-request.js";
import { paintRequests } from "../../src/terminal/paint-requests.js";
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
    expect(painted.split("\n").filter((line) => stringWidth(line) > width)).toEqual([]);
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
      expect(painted.split("\n").filter((line) => stringWidth(line) > width)).toEqual([]);
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
