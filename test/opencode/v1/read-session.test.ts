import { describe, expect, test } from "vitest";
import { type Session, sessionModel } from "../../../src/opencode/model.js";
import type { SessionTree } from "../../../src/opencode/session.js";
import { traceModel, traceSession } from "../../../src/trace/trace-session.js";
import { at, fixtureNames, loadFixture, onlyOne } from "../../support/fixtures.js";
import { followed } from "../../trace/make-evidence.js";
import {
  answer,
  assistant,
  exportOf,
  stepFinish,
  stepStart,
  T0,
  text,
  tool,
  treeOf,
  user,
} from "../../trace/make-session.js";

function modelOf(tree: SessionTree): Session {
  return sessionModel(tree, {});
}

describe.each(fixtureNames)("%s", (name) => {
  const { tree, log } = loadFixture(name);

  test("is read into plain data, from which alone its traces are made", () => {
    const copy: Session = JSON.parse(JSON.stringify(sessionModel(tree, { log })));
    expect(traceModel(copy, { log })).toEqual(traceSession(tree, { log }));
  });
});

test("an answer's times, from its parts and their ids", () => {
  const parts = [
    stepStart(110),
    text(120, 150, "Looking."),
    tool(160, 200, 300, { tool: "read", callID: "call_1" }),
    stepFinish(305, { reason: "tool-calls" }),
  ];
  const session = modelOf(treeOf(exportOf([user(0, '"do the task"'), assistant(100, 310, parts)])));
  const turn = onlyOne(session.turns);
  expect(turn).toMatchObject({ at: T0, origin: "prompt", agent: "build", end: null, run: null });
  expect(turn.prompts.map(({ content }) => content)).toEqual([[{ type: "text", text: "do the task" }]]);
  const [step] = turn.rest;
  expect(step).toMatchObject({ kind: "answer", created: T0 + 100, completed: T0 + 310, step: "answer", dead: [] });
  if (step?.kind !== "answer") throw new Error("no answer");
  expect(step.call).toMatchObject({
    // Without a log the request is somewhere behind the message's beginning.
    request: { at: T0 + 100, timing: "bounded" },
    firstContentAt: T0 + 120,
    outputEnd: { at: T0 + 200, timing: "exact" },
    finish: "tool-calls",
    output: { text: "Looking.", toolCalls: [{ id: "call_1", name: "read" }] },
  });
  expect(step.tools).toMatchObject([
    { name: "read", start: T0 + 200, end: T0 + 300, timing: "exact", argumentsAt: T0 + 160, own: true, provider: null },
  ]);
});

test("what came in while the loop was at work stands among the prompts and at its place, as one object", () => {
  const first = user(0, "Go.");
  const later = user(150, "And this.");
  const messages = [
    first,
    assistant(100, 200, [stepStart(110), tool(120, 130, 190), stepFinish(195, { reason: "tool-calls" })], {
      finish: "tool-calls",
      parentID: first.info.id,
    }),
    later,
    answer(210, 300, "Both.", { parentID: later.info.id }),
  ];
  const turn = onlyOne(modelOf(treeOf(exportOf(messages))).turns);
  expect(turn.prompts.map(({ id }) => id)).toEqual([first.info.id, later.info.id]);
  expect(turn.rest.map(({ kind }) => kind)).toEqual(["answer", "told", "answer"]);
  expect(turn.rest[1]).toBe(turn.prompts[1]);
});

test("a run of looptrace's is that of the turn that began in it; a deadline's abort is no error of the answer", () => {
  const error = { name: "MessageAbortedError", data: { message: "Aborted" } };
  const tree = treeOf(
    exportOf([user(0, "Go."), assistant(100, 400, [stepStart(110), text(120, 390, "So")], { error })]),
  );
  const run = followed({
    exit: { kind: "served", asked: "deadline" },
    streamErrors: [{ error, at: T0 + 400 }],
  });
  const turn = onlyOne(sessionModel(tree, { runs: [run] }).turns);
  expect(turn.run).toEqual({ ...run, streamErrors: [] });
  expect(turn.rest).toMatchObject([{ completed: null, error: null, lastMoment: T0 + 390 }]);
});

test("a compaction is an event, then what the model is told, then an answer that sums up", () => {
  const { tree } = loadFixture("compaction@1.18.33");
  const turns = modelOf(tree).turns;
  const entries = turns.flatMap(({ rest }) => rest);
  const index = entries.findIndex((entry) => entry.kind === "event");
  expect(entries.slice(index, index + 3)).toMatchObject([
    { kind: "event", name: "compaction", summary: null },
    { kind: "told", content: [{ type: "compaction" }] },
    { kind: "answer", step: "compaction", summary: { byHand: false } },
  ]);
});

test("subagents' sessions are read below it, their calls named by the tools", () => {
  const session = modelOf(loadFixture("subagent@1.18.33").tree);
  const child = onlyOne(session.children);
  const tools = session.turns
    .flatMap(({ rest }) => rest)
    .flatMap((entry) => (entry.kind === "answer" ? entry.tools : []));
  expect(
    at(
      tools.flatMap(({ subagent }) => subagent?.sessionId ?? []),
      0,
    ),
  ).toBe(child.id);
  expect(child.parentId).toBe(session.id);
});
