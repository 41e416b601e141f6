import { describe, expect, test } from "vitest";
import type { RunEvidence } from "../../../src/opencode/evidence.js";
import type { Loop } from "../../../src/trace/model.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import {
  at,
  fixtureNames,
  loadFixture,
  onlyOne,
  type ProviderRequest,
  traceOf,
  tracesOf,
} from "../../support/fixtures.js";
import { reportedTraces } from "../../support/reported.js";
import {
  answer,
  assistant,
  exportOf,
  mint,
  stepFinish,
  stepStart,
  T0,
  text,
  tool,
  treeOf,
  user,
} from "../../trace/make-session.js";
import { loopsIn } from "../../trace/walk-trace.js";

/**
 * The log's line is written 4 to 30 ms before the request arrives. In the first request of a process opencode is still
 * busy starting: there its own clock sees chunks up to 0.35 s after the provider has written them.
 */
const SENT_MS = 100;
const FIRST_OF_PROCESS_MS = 350;
const LATER_MS = 60;

interface Request {
  readonly start: number;
  readonly firstTokenAt: number | null;
  readonly end: number;
  readonly isRetry: boolean;
}

/** A session's calls and retries in the order of their requests. */
function requestsIn(loops: readonly Loop[], sessionId: string): readonly Request[] {
  return loops
    .flatMap(loopsIn)
    .filter((loop) => loop.sessionId === sessionId)
    .flatMap(({ steps }) =>
      steps.flatMap(({ call, retries }): Request[] => [
        ...retries.map(({ start, end }) => ({ start, end, firstTokenAt: null, isRetry: true })),
        ...(call ? [{ ...call, isRetry: false }] : []),
      ]),
    );
}

interface Pair {
  readonly ours: Request;
  readonly theirs: ProviderRequest;
  /** Whether it is the first one after a start of opencode. */
  readonly isFirst: boolean;
}

/** Each request of ours beside the provider's own record of it. */
function pairs(name: string): readonly Pair[] {
  const fixture = loadFixture(name);
  const traces = tracesOf(fixture, "log");
  const own = fixture.provider.filter(({ title }) => !title);
  const starts = new Set(
    traces.map(({ loop }) => own.find(({ received }) => received >= loop.start)).map((first) => first?.number),
  );
  return [fixture.session, ...fixture.subagents].flatMap(({ info }) => {
    const theirs = own.filter(({ sessionId }) => sessionId === info.id);
    const ours = requestsIn(
      traces.map(({ loop }) => loop),
      info.id,
    );
    expect(ours).toHaveLength(theirs.length);
    return ours.map((request, index) => {
      const record = at(theirs, index);
      return { ours: request, theirs: record, isFirst: starts.has(record.number) };
    });
  });
}

describe.each(fixtureNames)("%s against the provider's clock", (name) => {
  test("every request is a call or a retry, and begins when it was sent", () => {
    for (const { ours, theirs } of pairs(name)) {
      expect(theirs.received - ours.start).toBeGreaterThanOrEqual(-5);
      expect(theirs.received - ours.start).toBeLessThan(SENT_MS);
    }
  });

  test("a call's first token and its end are the provider's first and last content", () => {
    for (const { ours, theirs, isFirst } of pairs(name)) {
      const late = isFirst ? FIRST_OF_PROCESS_MS : LATER_MS;
      if (ours.isRetry) continue;
      if (theirs.firstContent !== undefined && ours.firstTokenAt !== null) {
        expect(ours.firstTokenAt - theirs.firstContent).toBeGreaterThanOrEqual(-5);
        expect(ours.firstTokenAt - theirs.firstContent).toBeLessThan(late);
      }
      // Before 1.18 a call that only asked for tools seems to end when its arguments begin.
      if (theirs.lastChunk !== undefined) {
        expect(ours.end - theirs.lastChunk).toBeGreaterThan(-40);
        expect(ours.end - theirs.lastChunk).toBeLessThan(late);
      }
    }
  });

  test("without the log a call begins at the latest when its request was sent, and says that this is a bound", () => {
    const fixture = loadFixture(name);
    const exact = tracesOf(fixture, "log").flatMap(({ loop }) => loopsIn(loop));
    const bounded = tracesOf(fixture, "export").flatMap(({ loop }) => loopsIn(loop));
    const calls = (loops: readonly Loop[]) => loops.flatMap(({ steps }) => steps.flatMap(({ call }) => call ?? []));
    calls(bounded).forEach((call, index) => {
      expect(call.timing).toBe("bounded");
      expect(call.start).toBeLessThanOrEqual(at(calls(exact), index).start);
      expect(call.end).toBe(at(calls(exact), index).end);
    });
  });
});

describe("a call ends with the model's output", () => {
  test.each(["multistep@1.18.33", "multistep@1.17.19", "multistep@1.15.13"])("not with the tools (%s)", (name) => {
    const step = at(traceOf(name).loop.steps, 0);
    const slow = step.tools.find(({ callId }) => callId === "call_list");
    if (!step.call || !slow) throw new Error("the first step has a call and a slow tool");
    // The tool sleeps 0.3 s; the message is complete only after that.
    expect(slow.end - step.call.end).toBeGreaterThan(250);
    expect(step.end).toBeGreaterThanOrEqual(slow.end);
    expect(step.account.tools).toBeGreaterThan(250);
  });

  test("the call that ends with the answer is exact", () => {
    expect(at(traceOf("multistep@1.18.33").loop.steps, -1).call?.timing).toBe("exact");
  });
});

describe("a tool's start", () => {
  test("is what opencode wrote, as of 1.18.26", () => {
    const { loop } = traceOf("multistep@1.18.33");
    const slow = at(loop.steps, 0).tools.find(({ callId }) => callId === "call_list");
    expect(slow?.timing).toBe("exact");
    expect(slow && slow.argumentsAt !== null && slow.argumentsAt <= slow.start).toBe(true);
  });

  test.each(["multistep@1.15.13", "multistep@1.17.19"])(
    "is not what opencode wrote before 1.18: each piece of output set it anew (%s)",
    (name) => {
      const { session } = loadFixture(name);
      const written = session.messages
        .flatMap(({ parts }) => parts)
        .flatMap((part) => (part.type === "tool" && part.callID === "call_list" ? [part.state] : []))[0];
      if (written?.status !== "completed") throw new Error("the recording has a completed call_list");
      // The command sleeps 0.3 s, and opencode's own times say that it took a few ms.
      expect(written.time.end - written.time.start).toBeLessThan(250);

      const slow = at(traceOf(name).loop.steps, 0).tools.find(({ callId }) => callId === "call_list");
      expect(slow?.timing).toBe("bounded");
      expect(slow && slow.end - slow.start).toBeGreaterThan(300);
    },
  );

  test("of a command that printed a line now and then for 5 s is when its arguments began", () => {
    const { loop } = onlyOne(reportedTraces(["tool-start-restamped/session.json"]));
    const bash = onlyOne(at(loop.steps, 0).tools);
    // opencode itself wrote 65 ms.
    expect(bash).toMatchObject({
      name: "bash",
      timing: "bounded",
      atLeastMs: 65,
      atMostMs: bash.end - bash.start,
    });
    expect(bash.end - bash.start).toBeGreaterThan(5_000);
    expect(bash.end - bash.start).toBeLessThan(6_500);
    expect(at(loop.steps, 0).call).toMatchObject({ timing: "bounded" });
  });

  const toolOf = (
    version: string | undefined,
    parts: Readonly<Record<string, unknown>> = {},
    runs: RunEvidence[] = [],
  ) => {
    // Its arguments began at 110, it started at 200, and told of itself at 800.
    const message = assistant(10, 1_000, [stepStart(100), tool(110, 800, 900, parts), stepFinish(950)]);
    const tree = treeOf(exportOf([user(0, "Go."), message], { version }));
    return onlyOne(at(onlyOne(traceSession(tree, { runs })).loop.steps, 0).tools);
  };

  test.each(["1.18.26", "1.18.27", "1.18.33", "v1.18.33", "1.19.0", "1.20.1", "2.0.0"])(
    "of %s is what it wrote",
    (version) => {
      expect(toolOf(version)).toMatchObject({
        start: T0 + 800,
        timing: "exact",
        atLeastMs: 100,
        atMostMs: 100,
      });
    },
  );

  test.each([
    ...["1.18.25", "1.18.18", "1.18.4", "1.18.0", "1.17.99", "1.15.13", "0.9.0"],
    ...["local", "dev", "unknown", "", "0.0.0-dev-202607011200", "1.18.26-beta", "1.18.33-rc.1", "1.19.0-dev"],
    ...["1.18", "1.18.33+mine", "v", "latest 1.18.33"],
    undefined,
  ])("of %s is not believed, whatever tool it is", (version) => {
    for (const name of ["bash", "task", "execute", "read", "my_team_db_get"]) {
      expect(toolOf(version, { tool: name })).toMatchObject({
        ...{ start: T0 + 110, end: T0 + 900, timing: "bounded" },
        ...{ atLeastMs: 100, atMostMs: 790 },
      });
    }
  });

  test("where the id does not tell when its arguments began, it can have run since its message began", () => {
    expect(toolOf("1.18.4", { id: "prt_made" })).toMatchObject({
      ...{ start: T0 + 800, timing: "bounded", argumentsAt: null },
      ...{ atLeastMs: 100, atMostMs: 890 },
    });
  });

  test("is believed by the version that ran the turn, where that is known", () => {
    const run = (opencode?: string): RunEvidence => ({
      ...{
        exit: { kind: "exited", code: 0 },
        startedAt: T0 - 10,
        endedAt: T0 + 1_100,
        stderr: "",
        streamErrors: [],
      },
      ...(opencode === undefined ? {} : { opencode }),
    });
    expect(toolOf("1.18.4", {}, [run("1.18.33")])).toMatchObject({ timing: "exact" });
    expect(toolOf("1.18.33", {}, [run("1.18.4")])).toMatchObject({ timing: "bounded" });
    expect(toolOf("1.18.33", {}, [run()])).toMatchObject({ timing: "exact" });
    // Another turn's.
    expect(toolOf("1.18.33", {}, [{ ...run("1.18.4"), startedAt: T0 + 2_000, endedAt: T0 + 3_000 }])).toMatchObject({
      timing: "exact",
    });
  });
});

test("a fork's ids tell when it was made, not when its messages were", () => {
  const day = 86_400_000;
  const late = (part: Readonly<Record<string, unknown>>) => ({ ...part, id: mint("prt", day) });
  const forked = assistant(
    10,
    500,
    [late(stepStart(20)), late(text(30, 100, "I look.")), late(tool(100, 120, 480)), late(stepFinish(490))],
    { id: mint("msg", day) },
  );
  const silent = assistant(510, 600, [late(stepStart(520)), late(stepFinish(590))], { id: mint("msg", day) });
  const { loop } = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), forked, silent]))));
  const [first, second] = loop.steps;
  expect(first?.call).toMatchObject({ start: T0 + 10, firstTokenAt: T0 + 30, end: T0 + 120 });
  expect(first?.tools[0]).toMatchObject({ start: T0 + 120, end: T0 + 480, argumentsAt: null });
  expect(second?.call).toMatchObject({ end: T0 + 600, timing: "bounded" });
  expect(loop.end).toBe(T0 + 600);
});

test("a clock that was set back puts nothing outside its step", () => {
  const back = assistant(1_000, 900, [stepStart(1_010), tool(1_015, 400, 450), stepFinish(1_020)]);
  const { loop } = onlyOne(traceSession(treeOf(exportOf([user(990, "Go."), back, answer(950, 1_000)]))));
  expect(at(loop.steps, 0)).toMatchObject({ start: T0 + 400 });
  expect(loop).toMatchObject({ start: T0 + 400 });
  expect(loop.account.duration).toBe(loop.end - loop.start);
});
