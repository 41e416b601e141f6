import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { criticalPath } from "../../../src/analysis/critical-path.js";
import { LEAST_PHASE_MS } from "../../../src/analysis/tree-rows.js";
import { assembleSessions } from "../../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../../src/opencode/read/read-export.js";
import type { LoopTrace } from "../../../src/trace/model.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { promptTokens } from "../../../src/trace/usage.js";
import { reportBuilder } from "../../../src/web/data/build-report.js";
import { unpack } from "../../../src/web/data/pack-texts.js";
import type { Detail, ReportRow, TraceData } from "../../../src/web/data/report-data.js";
import { at, fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../../support/fixtures.js";
import { tries } from "../../support/tries.js";
import { arbitraryRuns } from "../../trace/arbitrary-runs.js";
import { arbitrarySession } from "../../trace/arbitrary-session.js";
import {
  callsIn,
  eventsIn,
  innerCallsIn,
  loopsIn,
  phasesIn,
  retriesIn,
  spansIn,
  stepsIn,
  toolsIn,
} from "../../trace/walk-trace.js";

interface Built {
  readonly trace: LoopTrace;
  readonly data: TraceData;
  readonly detailOf: (row: ReportRow) => Detail;
}

function build(traces: readonly LoopTrace[]): readonly Built[] {
  const builder = reportBuilder("1.2.3");
  for (const trace of traces) builder.add(trace);
  const { data, chunks } = builder.finish();
  const detailOf = ({ chunk, place }: ReportRow): Detail =>
    unpack(at(chunks, chunk).details[place], (index) => at(chunks, index).texts) as Detail;
  return traces.map((trace, index) => ({ trace, data: at(data.traces, index), detailOf }));
}

/** What holds for the page of every trace. */
function expectFaithful({ trace, data, detailOf }: Built): void {
  const { loop } = trace;
  const { rows, series, errors, totals } = data;
  const ofKind = (kind: ReportRow["kind"]): readonly ReportRow[] => rows.filter((row) => row.kind === kind);
  expect(ofKind("loop").length).toBe(loopsIn(loop).length);
  expect(ofKind("step").length).toBe(stepsIn(loop).length);
  expect(ofKind("call").length).toBe(callsIn(loop).length);
  expect(ofKind("tool").length).toBe(toolsIn(loop).length + innerCallsIn(loop).length);
  expect(ofKind("retry").length).toBe(retriesIn(loop).length);
  expect(ofKind("event").length).toBe(eventsIn(loop).length);
  expect(ofKind("phase").length).toBe(phasesIn(loop).filter(({ start, end }) => end - start >= LEAST_PHASE_MS).length);
  const times = (list: readonly { readonly start: number; readonly end: number }[], begin: number) =>
    list.map(({ start, end }) => `${start - begin} ${end - begin}`).toSorted();
  expect(
    times(
      rows.filter(({ kind }) => kind !== "event" && kind !== "phase"),
      0,
    ),
  ).toEqual(times(spansIn(loop), loop.start));
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  const { path } = data;
  expect(path.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(loop.end - loop.start);
  const spans = criticalPath(trace).map(({ spanId, phase }) => phase ?? spanId);
  expect(path.map(({ row, phase }) => phase ?? rows[row]?.id)).toEqual(spans);
  for (const [index, row] of rows.entries()) {
    expect(row.parent).toBeLessThan(index);
    expect(row.depth).toBe(row.parent < 0 ? 0 : at(rows, row.parent).depth + 1);
  }
  expect(rows.filter(({ parent }) => parent < 0).length).toBe(1);
  // The figures are the trace's.
  const { usage } = loop.totalsWithSubagents;
  expect(totals.input).toBe(promptTokens(usage));
  const tokens = totals.input + usage.output + usage.reasoning;
  expect(totals.tokens).toBe(tokens === 0 && totals.calls > 0 ? null : tokens);
  const points = series.flatMap(({ calls }) => calls);
  const sum = (of: (point: (typeof points)[number]) => number): number =>
    points.reduce((total, point) => total + of(point), 0);
  expect(points.length).toBe(callsIn(loop).length);
  expect(sum(({ cached }) => cached)).toBe(usage.cacheRead);
  expect(sum(({ fresh }) => fresh)).toBe(usage.input + usage.cacheWrite);
  expect(sum(({ output, reasoning }) => output + reasoning)).toBe(usage.output + usage.reasoning);
  for (const { row } of points) expect(rows[row]?.kind).toBe("call");
  expect(data.account.reduce((total, { ms }) => total + ms, 0)).toBe(loop.account.duration);
  // Every failure is told, and where it is.
  const failures = toolsIn(loop).filter(({ failure }) => failure);
  expect(errors.filter(({ of }) => of === "tool").length).toBe(failures.length);
  expect(errors.filter(({ of }) => of === "turn").length).toBe(loop.error ? 1 : 0);
  for (const { row, where } of errors) expect(rows[row]?.name).toBe(where);
  // All content is in the details.
  const told = rows.map((row) => JSON.stringify(detailOf(row)));
  for (const { output } of callsIn(loop)) {
    for (const text of [output.thinking, output.text]) {
      if (text) expect(told.some((one) => one.includes(JSON.stringify(text)))).toBe(true);
    }
  }
  for (const { output, input } of toolsIn(loop)) {
    for (const value of [output, input]) {
      if (value !== null && value !== undefined) {
        expect(told.some((one) => one.includes(JSON.stringify(value)))).toBe(true);
      }
    }
  }
}

describe.each(fixtureNames)("%s", (name) => {
  test.each(["log", "export"] as const)("is told as it is, with the %s", (evidence) => {
    for (const built of build(tracesOf(loadFixture(name), evidence))) expectFaithful(built);
  });
});

test("every trace is told as it is", () => {
  fc.assert(
    fc.property(arbitrarySession, arbitraryRuns, ({ exports }, runs) => {
      const tree = onlyOne(assembleSessions(exports.map((one) => exportFromJson(one, "generated"))));
      for (const built of build(traceSession(tree, { runs }))) expectFaithful(built);
    }),
    { numRuns: tries(25) },
  );
});

test("an error that ended the turn is told once, where it happened, with its state and advice", () => {
  const [built] = build([traceOf("provider-401@1.18.33")]);
  const error = onlyOne(built?.data.errors ?? []);
  expect(error).toMatchObject({ of: "turn", code: "authentication_failed", where: "llm-call-0" });
  expect(Object.fromEntries(error.state)).toMatchObject({ retryable: "false", statusCode: "401" });
  expect(error.advice).toMatch(/^the provider does not accept the key; run `opencode auth login`/);
  expect(error.advice).not.toContain(error.message);
});

test("a rate limit says until when, as a number and as a date", () => {
  const errors = build([traceOf("quota-exhausted@1.18.33")])[0]?.data.errors ?? [];
  const limits = errors.filter(({ code }) => code === "rate_limit");
  for (const { state } of limits) {
    expect(Object.fromEntries(state).retryAt).toMatch(/^\d+ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/);
  }
  expect(errors.some(({ of }) => of === "retry")).toBe(true);
});

test("a change is a diff, and what repeats the result is left out", () => {
  const [built] = build([traceOf("multistep@1.18.33")]);
  if (!built) throw new Error("no report");
  const detailOfTool = (name: string): Detail =>
    built.detailOf(
      at(
        built.data.rows.filter((row) => row.name === name),
        0,
      ),
    );
  const edit = detailOfTool("tool.edit");
  expect(edit.sections.map(({ title, form }) => `${title}, ${form}`)).toEqual([
    "Arguments, value",
    "Change, diff",
    "Result, code",
    "Metadata, value",
  ]);
  expect(JSON.stringify(detailOfTool("tool.read"))).not.toContain('"preview"');
});

test("turns of several sessions stand one after the other; the first one's title is the page's", () => {
  const builder = reportBuilder("1.2.3");
  for (const trace of tracesOf(loadFixture("two-turns@1.18.33"), "log")) builder.add(trace);
  builder.add(traceOf("multistep@1.18.33"));
  expect(builder.size).toBe(3);
  const { data } = builder.finish();
  expect(data.traces.map(({ turn, turns }) => `${turn} of ${turns}`)).toEqual(["0 of 2", "1 of 2", "0 of 1"]);
  expect(data.title).toBe(data.traces[0]?.sessionTitle);
  expect(builder.finish("Mine\u202E").data.title).toBe("Mine");
});

test("a file's bytes are not in the report", () => {
  const { tree } = loadFixture("plain-answer@1.18.33");
  const [trace] = traceSession(tree);
  if (!trace) throw new Error("no trace");
  const url = `data:image/png;base64,${"A".repeat(5000)}`;
  const content = [{ type: "file", mime: "image/png", filename: "shot.png", url }] as const;
  const [built] = build([{ ...trace, loop: { ...trace.loop, input: [{ role: "user", content }] } }]);
  const detail = JSON.stringify(built?.detailOf(at(built.data.rows, 0)));
  expect(detail).toContain("in the session, 5,022 characters");
  expect(detail).not.toContain("AAAA");
});
