import { expect, onTestFinished, test, vi } from "vitest";
import type { DestinationReport } from "../../src/deliver/delivery-report.js";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { type StorePaths, storePathsAt } from "../../src/files/store-paths.js";
import { liveTracer } from "../../src/follow/live-trace.js";
import type { SessionTree } from "../../src/opencode/schema/exported-session.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { langfuseAt } from "../support/destinations.js";
import { loadFixture } from "../support/fixtures.js";
import { generation1 } from "../support/generation1.js";
import type { ReceivedSpan } from "../support/received-spans.js";
import { type Receiver, type ReceiverBehaviour, startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

async function receiving(behaviour: ReceiverBehaviour = {}): Promise<Receiver> {
  const receiver = await startReceiver(behaviour);
  onTestFinished(() => receiver.close());
  return receiver;
}

/** The session as it was when it had so many messages. */
function cut(tree: SessionTree, messages: number): SessionTree {
  const session = generation1(tree.session);
  return { ...tree, session: { ...session, messages: session.messages.slice(0, messages) } };
}

/** A tracer for one session, and a way to let it look at a moment of it. */
async function tracing(receiver: Receiver, sessionId: string) {
  const paths = await temporaryStore();
  let now: SessionTree | undefined;
  let looks = 0;
  const reports: DestinationReport[] = [];
  const tracer = liveTracer({
    exporter: new TraceExporter({
      destinations: [langfuseAt(receiver.url)],
      trace: { tags: ["live"], traceName: "live" },
      paths,
    }),
    everyMs: 0,
    sessionOf: () => {
      looks += 1;
      return now && { tree: now, evidence: {} };
    },
    onDelivery: (delivered) => reports.push(...delivered),
  });
  return {
    paths,
    tracer,
    reports,
    look: async (tree: SessionTree) => {
      now = tree;
      const before = looks;
      tracer.update(sessionId);
      await expect.poll(() => looks).toBeGreaterThan(before);
    },
  };
}

async function exportWhole(traces: readonly LoopTrace[], receiver: Receiver, paths: StorePaths): Promise<void> {
  const destinations = [langfuseAt(receiver.url)];
  await new TraceExporter({ destinations, paths, trace: { tags: ["live"], traceName: "live" } }).export(traces, {
    atWork: false,
  });
}

function byId(spans: readonly ReceivedSpan[]): readonly ReceivedSpan[] {
  return [...spans].sort((a, b) => (a.spanId < b.spanId ? -1 : 1));
}

test.each(["multistep@1.18.33", "subagent@1.18.33", "doom-loop@1.18.33", "two-turns@1.18.33"])(
  "%s: each span goes out once, as early as it may, and as it would at the end",
  async (name) => {
    const { tree } = loadFixture(name);
    const { id } = tree.session.info;
    const receiver = await receiving();
    const { paths, tracer, look } = await tracing(receiver, id);
    for (let messages = 1; messages <= tree.session.messages.length; messages += 1) {
      await look(cut(tree, messages));
    }
    await tracer.release(id);
    const early = receiver.spans().length;
    expect(receiver.spans().filter(({ parentSpanId }) => parentSpanId === "")).toEqual([]);
    const traces = traceSession(tree);
    await exportWhole(traces, receiver, paths);

    const atOnce = await receiving();
    await exportWhole(traces, atOnce, await temporaryStore());
    expect(byId(receiver.spans())).toEqual(byId(atOnce.spans()));
    if (traces.some(({ loop }) => loop.steps.length > 1)) expect(early).toBeGreaterThan(0);
    expect(early).toBeLessThan(atOnce.spans().length);
  },
);

test("a destination that is down is asked once, and gets everything later", async () => {
  const { tree } = loadFixture("multistep@1.18.33");
  const { id } = tree.session.info;
  const receiver = await receiving({ always: { kind: "status", status: 404 } });
  const { paths, tracer, look, reports } = await tracing(receiver, id);
  await look(cut(tree, 3));
  await expect.poll(() => reports.length).toBe(1);
  const asked = receiver.requests.length;
  await look(cut(tree, 4));
  await expect.poll(() => reports.length).toBe(2);
  expect(receiver.requests).toHaveLength(asked);
  await tracer.close();
  receiver.behave({});
  const [trace] = traceSession(tree);
  if (!trace) throw new Error("no trace");
  await exportWhole([trace], receiver, paths);
  const ids = receiver.spans().map(({ spanId }) => spanId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toContain(trace.loop.spanId);
});

test("what a turn at work has left open stays here, and nothing is looked at after the end", async () => {
  const { tree } = loadFixture("multistep@1.18.33");
  const { id } = tree.session.info;
  const receiver = await receiving();
  const { tracer, look } = await tracing(receiver, id);
  // The last step looks finished, but more may come as long as the session is busy.
  await look(tree);
  await tracer.close();
  const [trace] = traceSession(tree);
  const ids = new Set(receiver.spans().map(({ spanId }) => spanId));
  expect(ids).toContain(trace?.loop.steps[0]?.spanId);
  expect(ids).not.toContain(trace?.loop.steps.at(-1)?.spanId);
  expect(ids).not.toContain(trace?.loop.spanId);
});

test("sessions that are at work together are sent together, each on its own", async () => {
  const trees = new Map(
    ["multistep@1.18.33", "doom-loop@1.18.33"].map((name) => {
      const { tree } = loadFixture(name);
      return [tree.session.info.id, tree] as const;
    }),
  );
  const receiver = await receiving();
  const reports: (readonly DestinationReport[])[] = [];
  const problems: unknown[] = [];
  const tracer = liveTracer({
    exporter: new TraceExporter({ destinations: [langfuseAt(receiver.url)], paths: await temporaryStore() }),
    everyMs: 3_600_000,
    sessionOf: (id) => {
      const tree = trees.get(id);
      if (!tree) throw new Error(`no ${id}`);
      return { tree, evidence: {} };
    },
    onDelivery: (delivered) => reports.push(delivered),
    onProblem: (problem) => problems.push(problem),
  });
  for (const id of ["ses_unknown", ...trees.keys()]) tracer.update(id);
  await tracer.close();
  expect(problems).toEqual([new Error("no ses_unknown")]);
  expect(reports).toHaveLength(1);
  const sent = receiver.spans().map(({ spanId }) => spanId);
  for (const tree of trees.values()) {
    const steps = traceSession(tree)[0]?.loop.steps ?? [];
    for (const { spanId } of steps.slice(0, -1)) expect(sent).toContain(spanId);
  }
  // Closed, it has nothing to wait for.
  await tracer.release("ses_unknown");
});

/** Fakes the time. */
function faking(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

function exporterToNowhere(): TraceExporter {
  return new TraceExporter({
    destinations: [langfuseAt("http://127.0.0.1:9")],
    paths: storePathsAt("/nowhere/looptrace"),
  });
}

test("a session that takes much work to look at keeps no other one waiting", async () => {
  faking();
  let workedMs = 0;
  const looked: string[] = [];
  const tracer = liveTracer({
    exporter: exporterToNowhere(),
    everyMs: 1_000,
    meter: { now: () => performance.now(), workedMs: () => workedMs },
    sessionOf: (id) => {
      looked.push(id);
      if (id === "ses_long") workedMs += 2_000;
      return undefined;
    },
  });
  tracer.update("ses_long");
  await vi.advanceTimersByTimeAsync(1_000);
  tracer.update("ses_long");
  tracer.update("ses_short");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(looked).toEqual(["ses_long", "ses_short"]);
  await vi.advanceTimersByTimeAsync(78_900);
  expect(looked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(100);
  expect(looked).toEqual(["ses_long", "ses_short", "ses_long"]);
  await tracer.close();
  expect(vi.getTimerCount()).toBe(0);
});

test("neither a clock that is set back nor a machine that is busy with something else makes looks rarer", async () => {
  faking();
  let looks = 0;
  const tracer = liveTracer({
    exporter: exporterToNowhere(),
    everyMs: 1_000,
    meter: { now: () => performance.now(), workedMs: () => 0 },
    sessionOf: () => {
      looks += 1;
      // Others have the processor for so long.
      vi.advanceTimersByTime(10_000);
      return undefined;
    },
  });
  tracer.update("ses_a");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(looks).toBe(1);
  vi.setSystemTime(Date.now() - 3_600_000);
  tracer.update("ses_a");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(looks).toBe(2);
  await tracer.close();
});

test("a turn that begins while a look at the one before waits is looked at without a further change", async () => {
  faking();
  const done: string[] = [];
  let answer = (): void => undefined;
  const tracer = liveTracer({
    exporter: exporterToNowhere(),
    everyMs: 1_000,
    meter: { now: () => performance.now(), workedMs: () => 0 },
    ready: () => {
      done.push("asked");
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    sessionOf: () => {
      done.push("looked");
      return undefined;
    },
  });
  tracer.update("ses_a");
  await vi.advanceTimersByTimeAsync(1_000);
  await tracer.release("ses_a");
  tracer.update("ses_a");
  answer();
  await vi.advanceTimersByTimeAsync(1_000);
  answer();
  await vi.advanceTimersByTimeAsync(0);
  expect(done).toEqual(["asked", "asked", "looked"]);
  await tracer.release("ses_a");
  await tracer.close();
});

test("a turn that is over waits for no other session, and nothing of it goes out any more", async () => {
  const trees = ["multistep@1.18.33", "doom-loop@1.18.33"].map((name) => loadFixture(name).tree);
  const [over, other] = trees;
  if (!over || !other) throw new Error("no sessions");
  const receiver = await receiving();
  let read = (): void => undefined;
  const reading = new Promise<void>((resolve) => {
    read = resolve;
  });
  const looked: string[] = [];
  const tracer = liveTracer({
    exporter: new TraceExporter({ destinations: [langfuseAt(receiver.url)], paths: await temporaryStore() }),
    everyMs: 0,
    sessionOf: async (id) => {
      looked.push(id);
      if (id === other.session.info.id) await reading;
      return { tree: id === over.session.info.id ? over : other, evidence: {} };
    },
  });
  for (const { session } of trees) tracer.update(session.info.id);
  await expect.poll(() => looked).toEqual(trees.map(({ session }) => session.info.id));
  await tracer.release(over.session.info.id);
  read();
  await tracer.close();
  const sent = new Set(receiver.spans().map(({ spanId }) => spanId));
  const stepsOf = (tree: SessionTree) => traceSession(tree)[0]?.loop.steps.slice(0, -1) ?? [];
  expect(stepsOf(over).filter(({ spanId }) => sent.has(spanId))).toEqual([]);
  expect(stepsOf(other).filter(({ spanId }) => !sent.has(spanId))).toEqual([]);
  expect(stepsOf(other)).not.toEqual([]);
});
