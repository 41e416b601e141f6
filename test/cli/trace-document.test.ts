import { expect, test } from "vitest";
import { traceDocument } from "../../src/cli/trace-document.js";
import { terminalJson } from "../../src/text/terminal-json.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { loadFixture, tracesOf } from "../support/fixtures.js";

const SESSIONS = { of: 3, traced: 2, skipped: 1, failed: [], left: 0, seconds: 2, perSecond: 1 };
const REST = { delivery: [], sessions: SESSIONS };

function document(traces: readonly LoopTrace[]): string {
  const texts: string[] = [];
  const printer = traceDocument({ out: (text) => void texts.push(text) });
  for (const one of traces) printer.print(one, `http://127.0.0.1/${one.traceId}`);
  printer.end(REST);
  return texts.join("");
}

test("a document is the same, printed trace by trace, as if it were printed whole", () => {
  const traces = tracesOf(loadFixture("two-turns@1.18.33"), "log");
  const urls = Object.fromEntries(traces.map(({ traceId }) => [traceId, `http://127.0.0.1/${traceId}`]));
  expect(traces).toHaveLength(2);
  expect(document(traces)).toBe(`${terminalJson({ traces, delivery: [], urls, sessions: SESSIONS })}\n`);
  expect(document([])).toBe(`${terminalJson({ traces: [], delivery: [], urls: {}, sessions: SESSIONS })}\n`);
});
