import { expect, test } from "vitest";
import type { BatchEvent } from "../../src/batch/batch-options.js";
import { sendLeftovers, sinceLeft } from "../../src/cli/commands/batch.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { watchDiscards } from "../../src/deliver/discards.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { discardOutbox } from "../../src/deliver/queue/discard-outbox.js";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { traceOf } from "../support/fixtures.js";
import { resultOf, someTasks } from "../support/task-results.js";
import { temporaryStore } from "../support/temporary-store.js";

const trace = traceOf("plain-answer@1.18.33");
const AWAY: SendResult = { kind: "misdirected", status: 404, message: "answered 404" };

const TERMINAL: Terminal = {
  env: {},
  cwd: "/",
  out: () => undefined,
  err: () => undefined,
  readStdin: async () => "",
  outIsTty: false,
  errIsTty: false,
  width: 80,
  errWidth: 80,
  errHeight: 24,
};

/** A destination that takes nothing, and what is thrown away of what waits for it. */
async function watched() {
  const paths = await temporaryStore();
  const destination = langfuseAt("http://127.0.0.1:1");
  const clock = fakeClock(trace.loop.end + 86_400_000);
  const exporter = new TraceExporter({ destinations: [destination], paths, clock, send: async () => AWAY });
  const discards = watchDiscards(paths, exporter.destinations);
  return { paths, destination, exporter, discards };
}

test("what was thrown away while a batch ran is not delivered, where a task had left something", async () => {
  const { paths, destination, exporter, discards } = await watched();
  const [left] = await exporter.export([trace]);
  const spans = left?.pending.spans ?? 0;
  const scores = left?.beside.scores?.pending ?? 0;
  expect([spans > 0, scores > 0]).toEqual([true, true]);
  await discardOutbox(paths, destination.id);
  const after = (undelivered: number) => sendLeftovers({ undelivered }, exporter, discards, { quiet: true }, TERMINAL);
  expect(await after(1)).toMatchObject([
    {
      pending: { spans, unsavedSpans: spans },
      beside: { scores: { pending: scores, unsaved: scores } },
      problems: [expect.stringContaining("`looptrace push --discard` has meanwhile thrown away")],
    },
  ]);
  expect(await after(0)).toMatchObject([{ pending: { spans: 0 }, problems: [] }]);
});

test("what was thrown away before a task had left something was of others", async () => {
  const { paths, destination, exporter, discards } = await watched();
  const note = sinceLeft(discards);
  const [task] = someTasks(1);
  if (!task) throw new Error("there is a task");
  const finished = (pending: number): BatchEvent => {
    const delivery = [
      { destination: destination.label, acknowledged: 0, pending, unsaved: 0, rejected: 0, lastError: null },
    ];
    return { kind: "finished", task, result: resultOf(task, { delivery }) };
  };
  const lose = async (): Promise<number> => {
    await exporter.export([trace]);
    await discardOutbox(paths, destination.id);
    return discards.since(destination.id).spans;
  };
  const spans = await lose();
  expect(spans).toBeGreaterThan(0);
  note(finished(0));
  expect(discards.since(destination.id).spans).toBe(0);
  note(finished(3));
  await lose();
  note(finished(0));
  expect(discards.since(destination.id).spans).toBe(spans);
});
