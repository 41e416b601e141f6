import { expect, test } from "vitest";
import { encodeTrace } from "../../src/otel/encode-trace.js";
import { withoutContent } from "../../src/otel/without-content.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { fixtureNames, loadFixture } from "../support/fixtures.js";
import { reportedTraces } from "../support/reported.js";
import { spansIn, toolsIn } from "../trace/walk-trace.js";

/** Names and ids, which are no content. */
const NAMES: ReadonlySet<string> = new Set([
  "name",
  "tool",
  "sessionId",
  "modelID",
  "providerID",
  "id",
  "sessionID",
  "messageID",
]);

/** opencode's sessions and providers' requests. */
const ID = /^(?:ses|req)_\w+$/;

/** All texts in what was said, read, written or called that are long enough to be recognised. */
function contentIn(value: unknown, below = false): readonly string[] {
  if (typeof value === "string") return below && value.trim().length >= 10 && !ID.test(value) ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    NAMES.has(key) ? [] : contentIn(item, below || CONTENT.has(key)),
  );
}
const CONTENT: ReadonlySet<string> = new Set([
  "text",
  "input",
  "output",
  "error",
  "title",
  "metadata",
  "directory",
  "url",
  "filename",
  "files",
  "raw",
  "prompt",
]);

test.each(fixtureNames)("%s: nothing of its content is sent, all of its figures are", (name) => {
  const { tree, text, subagentTexts, log } = loadFixture(name);
  const traces = traceSession(tree, { log });
  const body = traces
    .flatMap((trace) => [...encodeTrace(trace, { content: false })])
    .map((request) => Buffer.from(request.body).toString("utf8"))
    .join("\n");
  const content = [text, ...subagentTexts].flatMap((one) => contentIn(JSON.parse(one)));
  expect(content.length).toBeGreaterThan(0);
  for (const piece of content) {
    const inJson = JSON.stringify(piece).slice(1, -1);
    const twice = JSON.stringify(inJson).slice(1, -1);
    for (const form of [piece, inJson, twice]) {
      expect({ piece, sent: body.includes(form) }).toEqual({ piece, sent: false });
    }
  }
  for (const trace of traces) {
    const bare = withoutContent(trace);
    const times = (loop: typeof trace.loop) => spansIn(loop).map(({ spanId, start, end }) => ({ spanId, start, end }));
    expect(times(bare.loop)).toEqual(times(trace.loop));
    expect(bare.loop.totalsWithSubagents).toEqual(trace.loop.totalsWithSubagents);
    expect(bare.loop.error?.code).toBe(trace.loop.error?.code);
  }
});

test("what a script gave the tools that it called is not sent, what they are called is", () => {
  const traces = reportedTraces(["code-mode/session.json"], { mcpServers: ["tickets"] });
  const calledIn = (all: typeof traces) =>
    all
      .flatMap(({ loop }) => toolsIn(loop))
      .flatMap(({ innerCalls }) => innerCalls.map(({ name, input }) => [name, input]));
  expect(calledIn(traces)).toContainEqual(["tickets_get-thing", { name: "x" }]);
  expect(calledIn(traces.map(withoutContent))).toEqual([
    ["tickets_get-thing", null],
    ["tickets_slow_thing", null],
  ]);
});
