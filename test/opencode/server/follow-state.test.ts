import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ServerEvent, sessionIdOf } from "../../../src/opencode/schema/server-event.js";
import {
  type FollowInput,
  type FollowState,
  type FollowStep,
  followStep,
  nothingFollowed,
} from "../../../src/opencode/server/follow-state.js";
import { familyOf, rootOf } from "../../../src/opencode/server/session-mirror.js";

const info = (id: string, parentID?: string) => ({ id, directory: "/a", ...(parentID ? { parentID } : {}) });
const created = (id: string, parentID?: string, at = 1): ServerEvent => ({
  type: "session.created",
  properties: { info: info(id, parentID) },
  at,
});
const status = (sessionID: string, type: "busy" | "idle", at = 1): ServerEvent => ({
  type: "session.status",
  properties: { sessionID, status: { type } },
  at,
});
const idle = (sessionID: string, at = 1): ServerEvent => ({
  type: "session.idle",
  properties: { sessionID },
  at,
});
const taken = (event: ServerEvent, wasRead = false): FollowInput => ({ type: "event", event, wasRead });
const wasRead = (...sessions: readonly ReturnType<typeof info>[]): FollowInput => ({
  type: "read",
  sessions: sessions.map((one) => ({ info: one, messages: [] })),
});

/** All inputs, one after the other. @returns the last step */
function stepsOf(inputs: readonly FollowInput[], wanted?: string): FollowStep {
  return inputs.reduce<FollowStep>(({ state }, input) => followStep(state, input, wanted), {
    state: nothingFollowed,
    actions: [],
  });
}

const familyAtWork = [
  wasRead(info("ses_a"), info("ses_child", "ses_a")),
  taken(status("ses_a", "busy"), true),
  taken(status("ses_child", "busy")),
];

describe("a session that begins to work", () => {
  test("is read first, and its event is taken then", () => {
    const event = status("ses_a", "busy");
    expect(stepsOf([taken(event)]).actions).toEqual([{ type: "read", id: "ses_a", next: "event" }]);
    const { state, actions } = stepsOf([taken(event), wasRead(info("ses_a")), taken(event, true)]);
    expect(actions).toEqual([
      { type: "weigh", rootId: "ses_a" },
      { type: "changed", rootId: "ses_a", isOver: true },
    ]);
    expect(state.mirror.get("ses_a")?.status).toEqual({ type: "busy" });
  });

  test("is read once, even if the server gave another one", () => {
    const { state, actions } = stepsOf([wasRead(info("ses_other")), taken(status("ses_a", "busy"), true)]);
    expect(actions).toEqual([]);
    expect(state.mirror.has("ses_a")).toBe(false);
  });

  test("that could not be read is read when it comes to rest", () => {
    const unreadable = { type: "unreadable", id: "ses_a" } as const;
    expect(stepsOf([unreadable, taken(status("ses_a", "busy"))]).actions).toEqual([]);
    const { state, actions } = stepsOf([unreadable, taken(idle("ses_a"))]);
    expect(actions).toEqual([{ type: "read", id: "ses_a", next: "rest" }]);
    expect(state.unreadable.size).toBe(0);
  });

  test("that is not wanted is left alone until the next connection", () => {
    const unwanted = { type: "unwanted", id: "ses_a" } as const;
    expect(stepsOf([unwanted, taken(status("ses_a", "busy"))]).actions).toEqual([]);
    expect(stepsOf([unwanted, { type: "connected" }, taken(status("ses_a", "busy"))]).actions).toHaveLength(1);
  });
});

test("a new session is followed where it is wanted, a subagent's where its parent is mirrored", () => {
  const has = (id: string, inputs: readonly FollowInput[], wanted?: string) =>
    stepsOf(inputs, wanted).state.mirror.has(id);
  expect(has("ses_a", [taken(created("ses_a"))])).toBe(true);
  expect(has("ses_a", [taken(created("ses_a"))], "ses_b")).toBe(false);
  expect(has("ses_child", [taken(created("ses_child", "ses_a"))])).toBe(false);
  expect(has("ses_child", [taken(created("ses_a")), taken(created("ses_child", "ses_a"))], "ses_a")).toBe(true);
});

describe("a session that comes to rest", () => {
  test("is told of", () => {
    expect(stepsOf([...familyAtWork, taken(idle("ses_a"))]).actions).toEqual([
      { type: "weigh", rootId: "ses_a" },
      { type: "rest", rootId: "ses_a" },
    ]);
  });

  test("is none while it works itself, when a subagent of it rests", () => {
    expect(stepsOf([...familyAtWork, taken(idle("ses_child"))]).actions.at(-1)).toEqual({
      type: "changed",
      rootId: "ses_a",
      isOver: true,
    });
  });

  test("may be one that rested before its last subagent: the server is asked", () => {
    const outlived = [wasRead(info("ses_a"), info("ses_child", "ses_a")), taken(status("ses_child", "busy"))];
    expect(stepsOf([...outlived, taken(idle("ses_child"))]).actions.at(-1)).toEqual({
      type: "ask-for-rest",
      rootId: "ses_a",
      directory: "/a",
      isChanged: true,
    });
  });

  test("is forgotten with all that belongs to it, and read anew when it works again", () => {
    const { state } = stepsOf([...familyAtWork, { type: "rested", rootId: "ses_a" }]);
    expect([...state.mirror.keys()]).toEqual([]);
    expect(followStep(state, taken(status("ses_a", "busy")), undefined).actions).toHaveLength(1);
  });
});

test("where there is no room a session is forgotten and stays so", () => {
  const { state } = stepsOf([...familyAtWork, { type: "too-much", rootId: "ses_a" }]);
  expect(state.mirror.size).toBe(0);
  expect(followStep(state, taken(status("ses_child", "busy")), undefined).actions).toEqual([]);
});

test("sessions that the server calls busy are so", () => {
  const { state } = stepsOf([wasRead(info("ses_a")), { type: "busy", ids: new Set(["ses_a", "ses_unknown"]) }]);
  expect(state.mirror.get("ses_a")?.status).toEqual({ type: "busy" });
  expect(state.mirror.size).toBe(1);
});

test("only so many sessions are remembered, the last ones", () => {
  const inputs = Array.from({ length: 10_003 }, (_, index): FollowInput => ({ type: "unwanted", id: `ses_${index}` }));
  // In one value, as a loop of years would come to it.
  const before = {
    ...nothingFollowed,
    leftOut: new Set(inputs.slice(0, -1).map((one) => ("id" in one ? one.id : ""))),
  };
  const { leftOut } = followStep(before, { type: "unwanted", id: "ses_last" }, undefined).state;
  expect(leftOut.size).toBe(10_000);
  expect([leftOut.has("ses_0"), leftOut.has("ses_last")]).toEqual([false, true]);
});

describe("whatever a server tells", () => {
  const id = fc.constantFrom("ses_a", "ses_b", "ses_child", "ses_grandchild", "../escaped", "");
  const parent = fc.constantFrom(undefined, "ses_a", "ses_child", "ses_b");
  const at = fc.nat(100);
  const event = fc.oneof(
    fc.tuple(id, parent, at).map(([one, above, when]) => created(one, above, when)),
    fc
      .tuple(id, fc.constantFrom("busy" as const, "idle" as const), at)
      .map(([one, type, when]) => status(one, type, when)),
    fc.tuple(id, at).map(([one, when]) => idle(one, when)),
    fc.tuple(id, at).map(
      ([sessionID, when]): ServerEvent => ({
        type: "session.error",
        properties: { sessionID, error: { name: "X" } },
        at: when,
      }),
    ),
    fc.tuple(id, at).map(
      ([one, when]): ServerEvent => ({
        type: "session.deleted",
        properties: { info: info(one) },
        at: when,
      }),
    ),
  );
  const input: fc.Arbitrary<FollowInput> = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(event, fc.boolean()).map(([one, read]) => taken(one, read)) },
    { weight: 2, arbitrary: fc.tuple(id, parent).map(([one, above]) => wasRead(info(one, above))) },
    fc.constant<FollowInput>({ type: "connected" }),
    at.map((when): FollowInput => ({ type: "listening", at: when })),
    id.map((one): FollowInput => ({ type: "unreadable", id: one })),
    id.map((one): FollowInput => ({ type: "unwanted", id: one })),
    id.map((one): FollowInput => ({ type: "busy", ids: new Set([one]) })),
    id.map((rootId): FollowInput => ({ type: "rested", rootId })),
    id.map((rootId): FollowInput => ({ type: "too-much", rootId })),
  );

  /** What holds of each step. */
  function check(before: FollowState, one: FollowInput, { state, actions }: FollowStep): void {
    const told = actions.filter(({ type }) => type !== "weigh");
    expect(told.length).toBeLessThanOrEqual(1);
    if (one.type !== "event") expect(actions).toEqual([]);
    for (const action of actions) {
      if (action.type === "read") expect(actions).toHaveLength(1);
      // What is told of is there to be looked at.
      else if (action.type === "weigh")
        expect([...state.mirror.keys()].map((key) => rootOf(state.mirror, key))).toContain(action.rootId);
    }
    if (one.type === "event") {
      expect(state.lastEventAt).toBeGreaterThanOrEqual(one.event.at);
      expect(state.lastEventAt).toBeGreaterThanOrEqual(before.lastEventAt ?? 0);
      for (const key of state.mirror.keys()) if (!before.mirror.has(key)) expect(key).toMatch(/^ses_\w+$/);
    }
    if (one.type === "rested" || one.type === "too-much") {
      for (const gone of familyOf(before.mirror, one.rootId)) {
        expect(state.mirror.has(gone)).toBe(false);
        expect(state.evidence.errors.some(({ sessionId }) => sessionId === gone)).toBe(false);
        if (one.type === "too-much") expect(state.leftOut.has(gone)).toBe(true);
      }
    }
  }

  test("each step keeps its promises, and changes nothing that it was given", () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 40 }), fc.constantFrom(undefined, "ses_a"), (inputs, wanted) => {
        let state = nothingFollowed;
        for (const one of inputs) {
          const copy = structuredClone(state);
          const step = followStep(state, one, wanted);
          expect(state).toEqual(copy);
          expect(followStep(state, one, wanted)).toEqual(step);
          check(state, one, step);
          state = step.state;
        }
      }),
    );
  });

  test("what is left out has no say, whatever it is told to do", () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 20 }), event, (inputs, one) => {
        const { state } = stepsOf(inputs);

        const before = { ...state, leftOut: new Set([sessionIdOf(one) ?? ""]) };
        const step = followStep(before, taken(one), undefined);
        expect(step.actions).toEqual([]);
        expect(step.state.mirror).toBe(before.mirror);
      }),
    );
  });
});

describe("what may be over", () => {
  const part = (type: string, status?: string): ServerEvent => ({
    type: "message.part.updated",
    properties: {
      sessionID: "ses_a",
      part: { id: "prt_1", messageID: "msg_1", type, ...(status && { state: { status } }) },
    },
    at: 1,
  });
  const message: ServerEvent = {
    type: "message.updated",
    properties: { sessionID: "ses_a", info: { id: "msg_1", role: "assistant" } },
    at: 1,
  };
  const changeAfter = (event: ServerEvent) =>
    stepsOf([...familyAtWork, taken(message), taken(event)]).actions.find(({ type }) => type === "changed");

  test.each([
    [
      "a message",
      { ...message, properties: { ...message.properties, info: { id: "msg_2", role: "assistant" } } },
      true,
    ],
    ["a tool that has ended", part("tool", "completed"), true],
    ["a tool that has failed", part("tool", "error"), true],
    ["a step's end", part("step-finish"), true],
    ["a tool that runs", part("tool", "running"), false],
    ["a text", part("text"), false],
    ["a session's title", { type: "session.updated", properties: { info: info("ses_a") }, at: 1 }, false],
  ] as const)("%s", (_, event, isOver) => {
    expect(changeAfter(event as ServerEvent)).toEqual({ type: "changed", rootId: "ses_a", isOver });
  });
});
