import pc from "picocolors";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { wireRequests } from "../../src/analysis/wire-requests.js";
import { paintRequests } from "../../src/terminal/paint-requests.js";
import { traceOf } from "../support/fixtures.js";
import { madeExchange, withMadeWire } from "../support/made-wire.js";

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
