import { expect, test } from "vitest";
import type { LoopTrace, SegmentOwner } from "../../../src/trace/model.js";
import { reportBuilder } from "../../../src/web/data/build-report.js";
import { reportHtml } from "../../../src/web/data/report-html.js";
import { detailReader } from "../../../src/web/report/details.js";
import { sentParts } from "../../../src/web/report/icicle.js";
import { partsByRow } from "../../../src/web/report/sent-search.js";
import { at, traceOf } from "../../support/fixtures.js";
import { type MadeCall, madeTexts, withMadeWire } from "../../support/made-wire.js";

const system: SegmentOwner = { kind: "system", section: "opencode", source: null };
const result = (argument: string): SegmentOwner => ({ kind: "tool-result", tool: "bash", callId: "c", argument });
const long = "You are opencode. ".repeat(50);
const calls: readonly MadeCall[] = [
  { segments: [{ owner: system, text: long, tokens: 300 }] },
  {
    segments: [
      { owner: system, text: long, tokens: 300 },
      { owner: result("ls\u001b[2J\nrm"), text: "a\nb", tokens: 2 },
    ],
  },
];
const trace = withMadeWire(traceOf("multistep@1.18.33"), calls);

function built(traces: readonly LoopTrace[], texts?: (hash: string) => string | undefined) {
  const builder = reportBuilder("1.2.3");
  for (const one of traces) builder.add(one, texts);
  const report = builder.finish();
  return { report, reader: detailReader((index) => JSON.stringify(report.chunks[index])) };
}

test("each part is there once, with its text, and each call says what it was made of", () => {
  const { report, reader } = built([trace], madeTexts(calls));
  const { prompts, rows } = at(report.data.traces, 0);
  expect(prompts?.parts.map(({ group, owner, name }) => [group, owner, name])).toEqual([
    ["system", "opencode's system prompt", "opencode's system prompt"],
    ["results", "results of bash", "result of bash ls rm"],
  ]);
  expect(prompts?.parts.map(reader.textOf)).toEqual([long, "a\nb"]);
  expect(prompts?.calls.map(({ row, tokens }) => [rows[row]?.name, tokens])).toEqual([
    ["llm-call-0", 300],
    ["llm-call-1", 302],
  ]);
  const newIn = partsByRow(prompts);
  expect(prompts?.calls.map(({ row }) => newIn(row).map(({ name }) => name))).toEqual([
    ["opencode's system prompt"],
    ["result of bash ls rm"],
  ]);
  expect(newIn(0)).toEqual([]);
  const [, second] = prompts?.calls ?? [];
  const sent = prompts && second && sentParts(prompts.parts, reader.partsOf(second).parts);
  expect(sent?.map(({ index, tokens }) => [index, tokens])).toEqual([
    [0, 300],
    [1, 2],
  ]);
});

test("without their texts parts are told by their names alone", () => {
  const { report, reader } = built([trace]);
  expect(at(report.data.traces, 0).prompts?.parts.map(reader.textOf)).toEqual([undefined, undefined]);
});

test("the bill is that of the session, over its turns", () => {
  const { report } = built([trace, { ...trace, traceId: "0".repeat(32) }]);
  const bill = report.data.bills?.[trace.session.id];
  expect(bill?.rows.map(({ name, calls: many, paidTokens }) => [name, many, paidTokens])).toEqual([
    ["opencode's system prompt", 2, 1200],
    ["results of bash", 1, 4],
  ]);
  expect(report.data.recorded).toBe(true);
});

test("what was paid for most stands first in it, though less of it is in the longest prompt", () => {
  const small = (owner: SegmentOwner, text: string, tokens: number) => ({ owner, text, tokens });
  const made: readonly MadeCall[] = [
    { segments: [small(system, long, 300)] },
    { segments: [small(system, long, 300), small(result("ls"), "a\nb", 400)] },
  ];
  const { report } = built([withMadeWire(traceOf("multistep@1.18.33"), made)]);
  const bill = report.data.bills?.[trace.session.id];
  expect(bill?.rows.map(({ paidTokens }) => paidTokens)).toEqual([600, 400]);
});

test("a session whose requests were not recorded has neither", () => {
  const { report } = built([traceOf("multistep@1.18.33")]);
  expect(report.data).not.toHaveProperty("bills");
  expect(report.data).not.toHaveProperty("recorded");
  expect(at(report.data.traces, 0)).not.toHaveProperty("prompts");
});

test("200 requests of 300 kB make a page of less than 2 MB", () => {
  const [step] = traceOf("multistep@1.18.33").loop.steps;
  if (!step?.call) throw new Error("no call");
  const { call } = step;
  const text = (kind: string, size: number): string => `${kind} `.repeat(Math.ceil(size / (kind.length + 1)));
  const always = Array.from({ length: 40 }, (_, index) => ({
    ...{ owner: { ...system, source: `part ${index}` }, text: text(`system-${index}`, 2000), tokens: 600 },
  }));
  const results = Array.from({ length: 400 }, (_, index) => ({
    ...{ owner: result(`src/${index}.ts`), text: text(`result-${index}`, 1100), tokens: 300 },
  }));
  const many = Array.from({ length: 200 }, (_, index) => ({ segments: [...always, ...results.slice(0, index * 2)] }));
  const base = traceOf("multistep@1.18.33");
  const steps = many.map((_, index) => ({ ...step, tools: [], index, call: { ...call, index, spanId: `s${index}` } }));
  const large = withMadeWire({ ...base, loop: { ...base.loop, steps } }, many);
  const sent = many.reduce((sum, { segments }) => sum + segments.reduce((size, one) => size + one.text.length, 0), 0);
  expect(sent).toBeGreaterThan(50_000_000);
  const { report } = built([large], madeTexts(many));
  const page = reportHtml(report, { script: "", style: "" }).join("");
  expect(page.length).toBeLessThan(2_000_000);
});
