import { describe, expect, onTestFinished, test } from "vitest";
import { ConfigurationError } from "../../src/errors/configuration-error.js";
import { TraceExporter, type TraceExporterOptions } from "../../src/export/trace-exporter.js";
import { OWN_SCORES } from "../../src/scores/new-score.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { langfuseAt, otlpAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { loadFixture, onlyOne, traceOf } from "../support/fixtures.js";
import { shownScores } from "../support/langfuse-scores.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";
import { earlier } from "./earlier.js";

const trace = traceOf("multistep@1.18.33");
const secret = "hunter2hunter2hunter2";

async function langfuse(): Promise<Receiver> {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  return receiver;
}

async function exporting(receiver: Receiver, more: Partial<TraceExporterOptions> = {}): Promise<TraceExporter> {
  return new TraceExporter({ destinations: [langfuseAt(receiver.url)], paths: await temporaryStore(), ...more });
}

const names = (receiver: Receiver) => receiver.scores().map(({ name }) => name);

describe("the scores of a turn", () => {
  test("go with its spans, once, behind them, as Langfuse takes them", async () => {
    const receiver = await langfuse();
    const exporter = await exporting(receiver, { trace: { environment: "ci" } });
    for (let times = 0; times < 2; times += 1)
      expect(await exporter.export([trace])).toMatchObject([{ beside: { scores: { pending: 0, rejected: 0 } } }]);
    expect(names(receiver).toSorted()).toEqual([...OWN_SCORES].toSorted());
    for (const score of receiver.scores()) expect(score).toMatchObject({ traceId: trace.traceId, environment: "ci" });
    expect(receiver.violations).toEqual([]);
    expect(receiver.requests.at(-1)?.path).toBe("/api/public/ingestion");
    expect(receiver.requests).toHaveLength(2);
  });

  test("are not sent where they are not wanted, nor to a backend that knows none, nor of a turn at work", async () => {
    const receiver = await langfuse();
    await (await exporting(receiver, { trace: { scores: false } })).export([trace]);
    await (await exporting(receiver)).export([trace], { atWork: true });
    expect(receiver.scores()).toEqual([]);
    const other = await startReceiver({ dialect: "otlp" });
    onTestFinished(() => other.close());
    const [report] = await (await exporting(other, { destinations: [otlpAt(other.url)] })).export([trace]);
    expect(report?.beside.scores).toBeUndefined();
    expect(new Set(other.requests.map(({ path }) => path))).toEqual(new Set(["/v1/traces"]));
  });

  test("come when the turn is over, and when spans of it were sent by a version that knew no scores", async () => {
    const receiver = await langfuse();
    const paths = await temporaryStore();
    const before = await exporting(receiver, { paths, trace: { scores: false } });
    await before.export([trace]);
    const spans = receiver.spans().length;
    await (await exporting(receiver, { paths })).export([trace]);
    expect(receiver.spans()).toHaveLength(spans);
    expect(names(receiver)).toHaveLength(OWN_SCORES.length);
  });

  test("wait in the outbox while the destination is down, and go out once", async () => {
    const receiver = await langfuse();
    receiver.behave({ script: Array(50).fill({ kind: "status", status: 503 }) });
    const exporter = await exporting(receiver);
    const [down] = await exporter.export([trace], { budgetMs: 1 });
    expect(down?.beside.scores).toMatchObject({ pending: OWN_SCORES.length, unsaved: 0 });
    receiver.behave({});
    await exporter.flush({ all: true, budgetMs: 10_000 });
    await exporter.flush({ all: true });
    expect(names(receiver)).toHaveLength(OWN_SCORES.length);
  });
});

describe("scores of the caller's own", () => {
  test("stand beside them; another value takes the place of the one before, the same is not sent again", async () => {
    const receiver = await langfuse();
    const exporter = await exporting(receiver, { trace: { scores: false }, masking: { secrets: [secret] } });
    for (const value of [0.5, 0.5, 0.9])
      await exporter.score(trace, [{ name: "review", value, comment: `by ${secret}` }]);
    const got = receiver.scores();
    expect(got.map(({ name, value }) => [name, value])).toEqual([
      ["review", 0.5],
      ["review", 0.9],
    ]);
    expect(new Set(got.map(({ id }) => id)).size).toBe(1);
    expect(JSON.stringify(got)).not.toContain(secret);
  });

  test("count as they were said last, also what was said before and again", async () => {
    const receiver = await langfuse();
    const clock = fakeClock(trace.loop.end + 3_600_000);
    const exporter = await exporting(receiver, { trace: { scores: false }, clock });
    const shown: unknown[] = [];
    for (const value of [0.5, 0.9, 0.5, 0.7, 0.1, 0.1]) {
      await clock.sleep(60_000, undefined);
      await exporter.score(trace, [{ name: "review", value }]);
      const asked = receiver.requests.filter(({ path }) => path === "/api/public/ingestion");
      shown.push(...shownScores(asked.map(({ json }) => json)).values());
    }
    expect(shown).toMatchObject([0.5, 0.9, 0.5, 0.7, 0.1, 0.1].map((value) => ({ value })));
    expect(receiver.scores()).toHaveLength(5);
  });

  test("have no comment any more that was about another value", async () => {
    const receiver = await langfuse();
    const clock = fakeClock(trace.loop.end);
    const exporter = await exporting(receiver, { trace: { scores: false }, clock });
    await exporter.score(trace, [{ name: "tests", value: false, comment: "3 failed" }]);
    await clock.sleep(60_000, undefined);
    await exporter.score(trace, [{ name: "tests", value: true }]);
    const asked = receiver.requests.filter(({ path }) => path === "/api/public/ingestion");
    expect([...shownScores(asked.map(({ json }) => json)).values()]).toMatchObject([{ value: 1, comment: null }]);
    expect(receiver.violations).toEqual([]);
  });

  test("are for the traces that have some, a turn at work too", async () => {
    const receiver = await langfuse();
    const exporter = await exporting(receiver, { trace: { scores: false } });
    await exporter.export([traceOf("plain-answer@1.18.33"), trace], {
      atWork: true,
      scores: (one) => (one === trace ? [{ name: "tests", value: true }] : []),
    });
    expect(receiver.scores()).toMatchObject([{ name: "tests", traceId: trace.traceId, value: 1 }]);
  });

  test("one that is none is refused before anything is sent", async () => {
    const receiver = await langfuse();
    const exporter = await exporting(receiver);
    await expect(exporter.score(trace, [{ name: "cost_usd", value: 1 }])).rejects.toThrow(ConfigurationError);
    expect(receiver.requests).toEqual([]);
  });
});

describe("all spans of a trace have one name", () => {
  const { tree, log } = loadFixture("multistep@1.18.33");
  const whole = onlyOne(traceSession(tree, { log }));
  const partial = onlyOne(earlier("multistep@1.18.33", 2, 3));
  const traceNames = (receiver: Receiver) => [
    ...new Set(receiver.spans().map(({ attributes }) => attributes["langfuse.trace.name"])),
  ];
  const prompt = "Set the port in settings.txt to what notes.md says, then check it.";

  test.each([
    ["by the same process", true],
    ["by a later one", false],
  ])("its prompt's first line, when it is sent in pieces %s", async (_, same) => {
    const receiver = await langfuse();
    const paths = await temporaryStore();
    const first = await exporting(receiver, { paths });
    await first.export([partial], { atWork: true });
    const then = same ? first : await exporting(receiver, { paths });
    await then.export([whole satisfies LoopTrace], { atWork: false });
    expect(traceNames(receiver)).toEqual([prompt]);
  });

  test("its title, when it is sent whole", async () => {
    const receiver = await langfuse();
    await (await exporting(receiver)).export([whole]);
    expect(traceNames(receiver)).toEqual(["A scripted session"]);
  });
});
