import { describe, expect, test } from "vitest";
import { promptOf } from "../../../src/analysis/row-texts.js";
import { openSpanIds } from "../../../src/trace/open-spans.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { at, onlyOne } from "../../support/fixtures.js";
import { reportedTraces } from "../../support/reported.js";
import {
  answer,
  assistant,
  exportOf,
  type Json,
  mint,
  type RawMessage,
  stepFinish,
  stepStart,
  T0,
  tool,
  treeOf,
  user,
} from "../../trace/make-session.js";

function tracesOf(...messages: readonly RawMessage[]) {
  return traceSession(treeOf(exportOf(messages)));
}

const notice = (from: number, more: Json = {}): RawMessage =>
  user(from, [{ type: "text", id: mint("prt", from), text: "pruned ~1.2K tokens", ignored: true, ...more }]);
const exchange = (from: number, prompt: string, said: string): readonly RawMessage[] => {
  const asked = user(from, prompt);
  return [asked, answer(from + 10, from + 400, said, { parentID: asked.info.id })];
};
/** What opencode notes of a command that a person ran; `to` is null while it runs. */
const command = (from: number, to: number | null, more: Json = {}): readonly RawMessage[] => {
  const note = "The following tool was executed by the user";
  const noted = user(from, [{ type: "text", id: mint("prt", from), text: note, synthetic: true }]);
  const status = to === null ? "running" : "completed";
  const state = { status, input: { command: "ls" }, metadata: { output: "a\n" }, ...more };
  const ran = tool(from + 30, from + 31, to, { state });
  return [noted, assistant(from + 20, to, [ran], { parentID: noted.info.id })];
};
const summary = (traces: ReturnType<typeof tracesOf>) =>
  traces.map(({ loop }) => [promptOf(loop), loop.outcome, loop.error?.code ?? null, loop.totals.calls]);
const firstInput = (traces: ReturnType<typeof tracesOf>, turn: number) =>
  at(traces, turn).loop.steps[0]?.call?.input.map(({ role, content }) => [role, content]);

describe("reported:", () => {
  test("a prompt whose id came from a clock that is ahead is an ordinary turn", () => {
    const { loop } = onlyOne(reportedTraces(["clock-skew-ahead/session.json"]));
    expect(loop).toMatchObject({
      copied: false,
      outcome: "completed",
      error: null,
      totals: { usage: { input: 1_000, output: 10 }, cost: 0.00102 },
      notes: [],
    });
  });

  test("a command that a person ran is that, and completed", () => {
    const traces = reportedTraces(["user-shell-command/session.json"]);
    expect(summary(traces)).toEqual([
      ["!ls; exit 3", "completed", null, 0],
      ["[SHELLNEXT] what did you see?", "completed", null, 1],
    ]);
    const { loop } = at(traces, 0);
    expect(loop.notes).toEqual(["A person ran this command in the session; no model was asked."]);
    expect(onlyOne(loop.steps)).toMatchObject({ kind: "command", outcome: "completed", call: null });
    expect(onlyOne(onlyOne(loop.steps).tools)).toMatchObject({
      name: "bash",
      outcome: "completed",
      failure: null,
    });
    expect(firstInput(traces, 1)).toEqual([
      ["user", "The following tool was executed by the user"],
      ["tool", "a.txt\n"],
      ["user", "[SHELLNEXT] what did you see?"],
    ]);
  });

  test("a plugin's notice is no turn", () => {
    const traces = reportedTraces(["plugin-ignored-notification/real-session.json"]);
    expect(summary(traces)).toEqual([
      ["[IG1] go", "completed", null, 1],
      ["[IG2] go on", "completed", null, 1],
    ]);
    expect(firstInput(traces, 1)).toEqual([["user", "[IG2] go on"]]);
  });

  test("a notice while a tool runs does not cut the turn in two", () => {
    const { loop } = onlyOne(reportedTraces(["notice-in-loop/session.json"]));
    expect(loop).toMatchObject({ outcome: "completed", error: null, output: "tool done", notes: [] });
    expect(loop.steps.map(({ call }) => call?.input.map(({ role }) => role))).toEqual([["user"], ["tool"]]);
  });

  test("context that asks for no answer goes into the next call", () => {
    const traces = reportedTraces(["no-reply/session.json"]);
    expect(summary(traces)).toEqual([["[AFTERNOREPLY] go", "completed", null, 1]]);
    expect(firstInput(traces, 0)).toEqual([
      ["user", "Here is context from a plugin; no reply."],
      ["user", "[AFTERNOREPLY] go"],
    ]);
  });

  test("a fork of a fork copied all but its last turn, the person's command too", () => {
    const traces = reportedTraces(["fork-of-fork/session.json"]);
    expect(traces.map(({ loop }) => [promptOf(loop), loop.copied])).toEqual([
      ["[ONE] first", true],
      ["!echo person", true],
      ["[FORKED] go", true],
      ["[FORKED] again", false],
    ]);
  });

  test("a compaction in a fork is the fork's own", () => {
    const traces = reportedTraces(["fork-then-compact/session.json"]);
    expect(traces.map(({ loop }) => [loop.copied, loop.outcome])).toEqual([
      [true, "completed"],
      [true, "completed"],
      [true, "completed"],
      [false, "completed"],
    ]);
    expect(at(traces, 3).loop.notes).toEqual([
      "No prompt began this turn: its first message is opencode's own, or a plugin's.",
    ]);
  });
});

describe("a command that a person ran", () => {
  test("leaves the turns around it as they are, several in a row too", () => {
    const traces = tracesOf(
      ...exchange(0, "One.", "1"),
      ...command(1_000, 1_400),
      ...command(2_000, 2_400),
      ...exchange(5_000, "Two.", "2"),
      ...command(6_000, 6_400),
    );
    expect(summary(traces)).toEqual([
      ["One.", "completed", null, 1],
      ["!ls", "completed", null, 0],
      ["!ls", "completed", null, 0],
      ["Two.", "completed", null, 1],
      ["!ls", "completed", null, 0],
    ]);
    expect(firstInput(traces, 3)?.map(([role]) => role)).toEqual(["user", "tool", "user", "tool", "user"]);
    expect(openSpanIds(at(traces, 4)).size).toBe(0);
  });

  test("is one in a sanitised export too, where only its shape tells", () => {
    const [noted, ran] = command(0, 400);
    const redacted = {
      ...noted,
      parts: noted?.parts.map((part) => ({ ...part, text: "[redacted:text:prt_1]" })),
    };
    const { loop } = onlyOne(tracesOf(redacted as RawMessage, ran as RawMessage));
    expect(onlyOne(loop.steps).kind).toBe("command");
  });

  test("is one where an older opencode's answers do not say what they answer", () => {
    const unnamed = ({ info, parts }: RawMessage): RawMessage => ({ info: { ...info, parentID: undefined }, parts });
    const traces = tracesOf(
      ...[...command(0, 400), ...exchange(1_000, "One.", "1"), ...command(2_000, 2_400)].map(unnamed),
    );
    expect(summary(traces)).toEqual([
      ["!ls", "completed", null, 0],
      ["One.", "completed", null, 1],
      ["!ls", "completed", null, 0],
    ]);
  });

  test("is one there too where a plugin's notices stand between it and its answer", () => {
    const [noted, ran] = command(0, 400) as [RawMessage, RawMessage];
    const unnamed = { ...ran, info: { ...ran.info, parentID: undefined } };
    expect(summary(tracesOf(noted, notice(5), notice(6), unnamed))).toEqual([["!ls", "completed", null, 0]]);
  });

  test("is unfinished while it runs, and no failed turn when the session ends in it", () => {
    const traces = tracesOf(...command(0, null));
    expect(summary(traces)).toEqual([["!ls", "unfinished", null, 0]]);
    expect(openSpanIds(at(traces, 0)).size).toBeGreaterThan(0);
    const [noted] = command(0, null);
    const begun = assistant(20, null, [], { parentID: noted?.info.id });
    expect(summary(tracesOf(noted as RawMessage, begun))).toEqual([["", "unfinished", null, 0]]);
  });

  test("is not what a model's own answer to a synthetic message is", () => {
    const asked = user(0, "Go.");
    const goOn = user(500, [{ type: "text", id: mint("prt", 500), text: "Continue.", synthetic: true }]);
    const { loop } = onlyOne(
      tracesOf(
        asked,
        assistant(10, 400, [stepStart(20), tool(30, 40, 300), stepFinish(390, { reason: "tool-calls" })], {
          parentID: asked.info.id,
          finish: "tool-calls",
        }),
        goOn,
        assistant(510, 900, [stepStart(520), tool(530, 540, 800), stepFinish(890)], {
          parentID: goOn.info.id,
          finish: "stop",
        }),
      ),
    );
    expect(loop.steps.map(({ kind }) => kind)).toEqual(["answer", "answer"]);
  });
});

describe("a notice that only people are shown", () => {
  test("is no turn and no input, wherever it stands", () => {
    const traces = tracesOf(
      notice(0),
      ...exchange(1_000, "One.", "1"),
      notice(2_000),
      notice(2_100),
      ...exchange(9_000, "Two.", "2"),
      notice(10_000),
    );
    expect(summary(traces)).toEqual([
      ["One.", "completed", null, 1],
      ["Two.", "completed", null, 1],
    ]);
    expect([firstInput(traces, 0), firstInput(traces, 1)]).toEqual([[["user", "One."]], [["user", "Two."]]]);
    expect(traces.flatMap(({ loop }) => [...loop.notes, ...loop.unanswered])).toEqual([]);
    expect(tracesOf(notice(0), notice(10))).toEqual([]);
  });

  test("may stand between a prompt and its answer, which then names the notice", () => {
    const [asked, told] = [user(0, "Go."), notice(50)];
    const { loop } = onlyOne(tracesOf(asked, told, answer(9_000, 9_500, "Done.", { parentID: told.info.id })));
    expect(loop).toMatchObject({ userMessageId: asked.info.id, output: "Done.", error: null, notes: [] });
  });

  test("may come between two steps, however long the next one is in coming", () => {
    const asked = user(0, "Go.");
    const working = assistant(10, 500, [stepStart(20), tool(30, 40, 480), stepFinish(490, { reason: "tool-calls" })], {
      parentID: asked.info.id,
      finish: "tool-calls",
    });
    const told = notice(600);
    const { loop } = onlyOne(tracesOf(asked, working, told, answer(8_000, 8_500, "Done.", { parentID: told.info.id })));
    expect(loop).toMatchObject({ outcome: "completed", error: null, output: "Done.", totals: { steps: 2 } });
  });

  test("leaves a loop whole that asks again since answers do not say how they ended", () => {
    const asked = user(0, "Go.");
    const empty = (from: number, parentID: string): RawMessage =>
      assistant(from, from + 300, [stepStart(from + 10), stepFinish(from + 290, { reason: "unknown" })], {
        finish: "unknown",
        parentID,
      });
    const told = [notice(350), notice(750)] as const;
    const [first, second] = told.map(({ info }) => info.id);
    const { loop } = onlyOne(
      tracesOf(asked, empty(10, asked.info.id), told[0], empty(400, first ?? ""), told[1], empty(800, second ?? "")),
    );
    expect(loop.totals.steps).toBe(3);
    expect(loop.steps.flatMap(({ events }) => events.map(({ name }) => name))).toEqual(["doom-loop"]);
  });

  test("or a person's prompt comes into such a loop: it is of the same turn", () => {
    const [asked, typed] = [user(0, "Go."), user(350, "Well?")];
    const empty = assistant(10, 310, [stepStart(20), stepFinish(300, { reason: "unknown" })], {
      finish: "unknown",
      parentID: asked.info.id,
    });
    const later = (at: number) => answer(at, at + 300, "Done.", { parentID: typed.info.id });
    const { loop } = onlyOne(tracesOf(asked, empty, typed, later(400)));
    expect([loop.outcome, loop.input.length, loop.totals.steps]).toEqual(["completed", 2, 2]);
    expect(tracesOf(asked, empty, typed, later(4_000))).toHaveLength(2);
    const turnsIn = (version: string) =>
      traceSession(treeOf(exportOf([asked, empty, typed, later(400)], { version }))).length;
    // A loop of an older opencode had ended.
    expect(["1.15.13", "1.17.19", "1.18.0", "unknown"].map(turnsIn)).toEqual([2, 2, 1, 1]);
  });

  test("that a plugin had answered begins a turn of its own, without an input", () => {
    const told = notice(5_000);
    const traces = tracesOf(...exchange(0, "One.", "1"), told, answer(5_010, 5_400, "?", { parentID: told.info.id }));
    expect(summary(traces)).toEqual([
      ["One.", "completed", null, 1],
      ["", "completed", null, 1],
    ]);
    expect(firstInput(traces, 1)).toEqual([]);
  });

  test("is none where anything else is in the message", () => {
    const asked = user(0, [
      { type: "text", id: mint("prt", 0), text: "shown", ignored: true },
      { type: "agent", id: mint("prt", 0), name: "plan" },
    ]);
    expect(tracesOf(asked, answer(10, 400, "1", { parentID: asked.info.id }))).toHaveLength(1);
  });
});

describe("a message that got no answer of its own", () => {
  test("is read by the next turn, several in a row and with another model too, in their order", () => {
    const other = { model: { providerID: "scripted", modelID: "m2" }, agent: "plan" };
    const traces = tracesOf(
      ...exchange(0, "One.", "1"),
      user(10_000, "context 1"),
      user(20_000, "context 2", other),
      ...exchange(30_000, "Two.", "2"),
    );
    expect(summary(traces).map(([prompt]) => prompt)).toEqual(["One.", "Two."]);
    expect(firstInput(traces, 1)?.map(([, content]) => content)).toEqual(["context 1", "context 2", "Two."]);
    expect(at(traces, 1).loop.notes).toEqual([
      "2 messages before the prompt got no answer of their own: the model read them in this turn.",
    ]);
    expect(at(traces, 1).loop.start).toBe(T0 + 30_000);
  });

  test("is read by the next turn too where a plugin has marked it as no person's, and the turn before it is over", () => {
    const marked = (from: number) =>
      user(from, [{ type: "text", id: mint("prt", from), text: `context ${from}`, synthetic: true }]);
    const exchanges = [...exchange(0, "One.", "1"), marked(5_000), marked(6_000), ...exchange(30_000, "Two.", "2")];
    const traces = tracesOf(...exchanges);
    expect(summary(traces)).toEqual([
      ["One.", "completed", null, 1],
      ["Two.", "completed", null, 1],
    ]);
    expect(at(traces, 0).loop.unanswered).toEqual([]);
    expect(firstInput(traces, 1)).toHaveLength(3);
    expect(at(traces, 1).loop.notes).toEqual([
      "2 messages before the prompt got no answer of their own: the model read them in this turn.",
    ]);
    const asked = user(0, "One.");
    const more = { parentID: asked.info.id, finish: "tool-calls" };
    const called = assistant(10, 400, [stepStart(20), tool(30, 31, 390), stepFinish(395)], more);
    const brokenOff = tracesOf(asked, called, marked(5_000), ...exchange(30_000, "Two.", "2"));
    expect(at(brokenOff, 0).loop.unanswered).toHaveLength(1);
  });

  test("is what nothing can be said of when it is the last", () => {
    const traces = tracesOf(...exchange(0, "One.", "1"), user(10_000, "context"));
    expect(summary(traces)).toEqual([
      ["One.", "completed", null, 1],
      ["context", "unfinished", null, 0],
    ]);
    expect(at(traces, 1).loop.notes).toEqual([expect.stringMatching(/^No model answered this message: /)]);
  });

  test("is a failed turn where looptrace itself had it asked", () => {
    const run = {
      startedAt: T0 + 9_000,
      endedAt: T0 + 11_000,
      streamErrors: [],
      exit: { kind: "exited", code: 1 } as const,
      stderr: "",
    };
    const messages = [...exchange(0, "One.", "1"), user(10_000, "failed"), ...exchange(30_000, "Two.", "2")];
    const traces = traceSession(treeOf(exportOf(messages)), { runs: [run] });
    expect(summary(traces)).toEqual([
      ["One.", "completed", null, 1],
      ["failed", "failed", "unknown", 0],
      ["Two.", "completed", null, 1],
    ]);
  });

  test("is none where the run that looptrace made had its answer already: a plugin has put it there", () => {
    const run = {
      startedAt: T0 - 50,
      endedAt: T0 + 900,
      streamErrors: [],
      exit: { kind: "exited", code: 0 } as const,
      stderr: "",
    };
    const before = [...exchange(0, "One.", "1"), user(600, "context")];
    expect(summary(traceSession(treeOf(exportOf(before)), { runs: [run] }))).toEqual([
      ["One.", "completed", null, 1],
      ["context", "unfinished", null, 0],
    ]);
    const traces = traceSession(treeOf(exportOf([...before, ...exchange(30_000, "Two.", "2")])), {
      runs: [run],
    });
    expect(firstInput(traces, 1)?.map(([, content]) => content)).toEqual(["context", "Two."]);
  });

  test("and a compaction that a person asks for after it leave the turn before them as it was", () => {
    const request = user(20_000, [{ type: "compaction", id: mint("prt", 20_000), auto: false }]);
    const traces = tracesOf(
      ...exchange(0, "One.", "1"),
      user(10_000, "context"),
      request,
      answer(20_010, 20_500, "Summary.", { summary: true, parentID: request.info.id }),
      ...exchange(30_000, "Two.", "2"),
    );
    expect(summary(traces)).toEqual([
      ["One.", "completed", null, 2],
      ["Two.", "completed", null, 1],
    ]);
    expect(firstInput(traces, 1)?.map(([, content]) => content)).toEqual(["context", "Two."]);
  });
});

test("a compaction that a person asks for does not make a failed turn of one that was answered", () => {
  const request = user(900, [{ type: "compaction", id: mint("prt", 900), auto: false }]);
  const more = { summary: true, parentID: request.info.id };
  const { loop } = onlyOne(tracesOf(...exchange(0, "One.", "1"), request, answer(910, 1_300, "Summary.", more)));
  expect(loop).toMatchObject({ outcome: "completed", error: null, output: "1" });
  const cutOff = assistant(910, null, [stepStart(920)], more);
  expect(onlyOne(tracesOf(...exchange(0, "One.", "1"), request, cutOff)).loop.outcome).toBe("unfinished");
});
