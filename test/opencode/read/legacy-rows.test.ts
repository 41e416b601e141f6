import { createHash } from "node:crypto";
import { serialize } from "node:v8";
import { describe, expect, test } from "vitest";
import { InvalidExportError } from "../../../src/errors/invalid-export-error.js";
import { assembleSessions } from "../../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../../src/opencode/read/read-export.js";
import type { SessionTree } from "../../../src/opencode/schema/exported-session.js";
import type { LoopTrace } from "../../../src/trace/model.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { at, loadFixture, onlyOne, traceOf } from "../../support/fixtures.js";
import { tree1 } from "../../support/generation1.js";
import { reportedTraces } from "../../support/reported.js";
import { expectNothingLost, expectSound } from "../../trace/invariants.js";
import {
  answer,
  assistant,
  exportOf,
  type Json,
  stepFinish,
  stepStart,
  T0,
  text,
  tool,
  treeOf,
  user,
} from "../../trace/make-session.js";
import { callsIn, toolsIn } from "../../trace/walk-trace.js";

/** Without these there is no span, or nothing that it says. A list's own are named by what is in it. */
const NEEDED: ReadonlySet<string> = new Set([
  "info",
  "messages",
  "messages[]",
  "messages[].info",
  "messages[].info.id",
  "messages[].info.role",
  "messages[].parts",
  "messages[].parts[]",
]);

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** All fields of an export, the same ones together: by their path, in a part by its type. */
function fieldsOf(json: unknown): ReadonlyMap<string, readonly Place[]> {
  const fields = new Map<string, Place[]>();
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    const holder = node as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      const type = path === "messages[].parts[]" && typeof holder.type === "string" ? holder.type : path;
      const name = Array.isArray(node) ? `${path}[]` : [type, key].filter(Boolean).join(".");
      const places = fields.get(name) ?? [];
      places.push({ holder, key });
      fields.set(name, places);
      // What tools were given and told is anything at all.
      if (!/\.(?:input|metadata|data|structured)$/.test(name)) visit(holder[key], name);
    }
  };
  visit(json, "");
  return fields;
}

/** The sessions whose traces were good. Tracing is pure, and of most changes nothing is left once they are read. */
const good = new Set<string>();

function expectGoodTraces(trees: readonly SessionTree[]): void {
  for (const tree of trees.map(tree1)) {
    const key = createHash("sha256").update(serialize(tree)).digest("base64");
    if (good.has(key)) continue;
    const traces = traceSession(tree);
    for (const trace of traces) expectSound(trace);
    expectNothingLost(traces, tree);
    good.add(key);
  }
}

const RECORDINGS = [
  "multistep@1.15.13",
  "subagent@1.18.33",
  "anthropic@1.18.33",
  "compaction@1.18.33",
  "failing-tool@1.18.33",
];

/** Of each field the first recording that has it. A wrong value is read as none is, or refused, by the field alone. */
const firstWith = new Map<string, string>();
for (const name of RECORDINGS)
  for (const field of fieldsOf(JSON.parse(loadFixture(name).text)).keys())
    if (!firstWith.has(field)) firstWith.set(field, name);

describe.each(RECORDINGS)("%s", (name) => {
  const { text, subagents } = loadFixture(name);

  test.each(["every row of a kind", "its first row"])(
    "lacks a field of %s: a good trace, or said what is missing",
    (which) => {
      for (const [field, { length }] of fieldsOf(JSON.parse(text))) {
        // The first of one row is every row.
        if (which === "its first row" && length === 1) continue;
        const json: unknown = JSON.parse(text);
        const places = fieldsOf(json).get(field) ?? [];
        const meant = which === "its first row" ? places.slice(0, 1) : places;
        for (const { holder, key } of meant) {
          if (Array.isArray(holder)) holder.fill(null, Number(key), Number(key) + 1);
          else delete holder[key];
        }
        expectReadOrRefused(json, field);
      }
    },
  );

  test.each([[7], ["x"], [true], [[]], [{}], [null], [-0.5]])(
    "has %j in place of a field that no recording before has",
    (value) => {
      const json: unknown = JSON.parse(text);
      for (const [field, places] of fieldsOf(json)) {
        if (firstWith.get(field) !== name) continue;
        const before = places.map(({ holder, key }) => holder[key]);
        for (const { holder, key } of places) holder[key] = value;
        expectReadOrRefused(json, field);
        places.forEach(({ holder, key }, index) => {
          holder[key] = before[index];
        });
      }
      // It was changed in nothing but the one field.
      expect(json).toEqual(JSON.parse(text));
    },
  );

  /** A time that is a number, but none of this age, is no missing one. */
  function expectReadOrRefused(json: unknown, field: string): void {
    try {
      expectGoodTraces(assembleSessions([exportFromJson(json, "changed"), ...subagents]));
    } catch (error) {
      if (!(error instanceof InvalidExportError)) throw new Error(`${field}: ${error}`, { cause: error });
      const isNeeded = NEEDED.has(field) || /stands there twice|no time in ms|opencode 2/.test(error.message);
      if (!isNeeded) throw new Error(`${field} is refused: ${error.message}`);
      expect(error.message).toMatch(/^changed: /);
    }
  }
});

test("a session of an old opencode is traced; what is missing is unknown", () => {
  const [trace] = reportedTraces(["legacy-session/no-agent-model-parent-reason.json"]);
  const same = traceOf("multistep@1.15.13", "export");
  const loop = trace?.loop;
  // The mode of a message was its agent's name.
  expect(loop).toMatchObject({ outcome: "completed", agent: "build", error: null, output: same.loop.output });
  expect(loop?.totals).toEqual(same.loop.totals);
  expect(loop && callsIn(loop).map(({ agent, finish }) => [agent, finish])).toEqual(
    callsIn(same.loop).map(({ finish }) => [null, finish]),
  );
});

type Fields = Record<string, unknown>;
interface Row {
  readonly info: Fields;
  readonly parts: readonly (Fields & { readonly state: Fields })[];
}

function drop(row: Fields, ...keys: readonly string[]): void {
  for (const key of keys) delete row[key];
}

const LEGACY: readonly {
  readonly old: string;
  readonly message?: (info: Fields) => void;
  readonly tool?: (part: Fields, state: Fields) => void;
  readonly seen: (trace: LoopTrace) => unknown;
  readonly right: unknown;
}[] = [
  {
    old: "no model on the answers: the one that was asked",
    message: (info) => drop(info, "modelID", "providerID"),
    seen: ({ loop }) => loop.steps.map(({ call }) => call?.model),
    right: Array.from({ length: 4 }, () => ({ providerId: "scripted", modelId: "m1", variant: null })),
  },
  {
    old: "no model anywhere: unknown",
    message: (info) => drop(info, "modelID", "providerID", "model"),
    seen: ({ loop }) => [loop.model, ...loop.steps.map(({ call }) => call?.model)],
    right: [null, null, null, null, null],
  },
  {
    old: "no modes, paths, costs and totals",
    message: (info) => drop(info, "mode", "path", "cost", "tokens"),
    seen: ({ loop }) => loop.steps.map(({ call }) => call?.mode),
    right: [null, null, null, null],
  },
  {
    old: "arguments that are JSON in a text",
    tool: (_, state) => {
      state.input = JSON.stringify(state.input);
    },
    seen: ({ loop }) => toolsIn(loop).map(({ input }) => input),
    right: toolsIn(traceOf("multistep@1.15.13").loop).map(({ input }) => input),
  },
  {
    old: "arguments that are any text",
    tool: (_, state) => {
      state.input = "ls {";
    },
    seen: ({ loop }) => toolsIn(loop).map(({ input }) => input),
    right: ["ls {", "ls {", "ls {", "ls {", "ls {"],
  },
  {
    old: "tools without a title, a call id and a status",
    tool: (part, state) => {
      drop(part, "callID");
      drop(state, "status", "title");
    },
    seen: ({ loop }) => toolsIn(loop).map(({ outcome, title, callId, partId }) => [outcome, title, callId === partId]),
    right: Array.from({ length: 5 }, () => ["completed", null, true]),
  },
  {
    old: "tools without an output: none is known, not an empty one",
    tool: (_, state) => drop(state, "output"),
    seen: ({ loop }) => toolsIn(loop).map(({ output }) => output),
    right: [null, null, null, null, null],
  },
  {
    old: "tools whose output is no text",
    tool: (_, state) => {
      state.output = { lines: 3 };
    },
    seen: ({ loop }) => toolsIn(loop).map(({ output }) => output),
    right: Array.from({ length: 5 }, () => '{"lines":3}'),
  },
];

test.each(LEGACY)("$old", ({ message, tool: change, seen, right }) => {
  const json: { readonly messages: readonly Row[] } = JSON.parse(loadFixture("multistep@1.15.13").text);
  for (const { info, parts } of json.messages) {
    message?.(info);
    for (const part of parts) if (part.type === "tool") change?.(part, part.state);
  }
  const trace = onlyOne(traceSession(onlyOne(assembleSessions([exportFromJson(json, "old")]))));
  expectSound(trace);
  expect(seen(trace)).toEqual(right);
});

describe("times that are missing", () => {
  const without = (state: Json): Json => tool(110, 120, 400, { state });
  const traced = (part: Json, messageTime: Json = {}): LoopTrace => {
    const message = assistant(10, 500, [stepStart(100), part, stepFinish(490)], messageTime);
    return onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), message, answer(510, 600)]))));
  };

  test.each<readonly [string, Json, readonly [number, number]]>([
    ["a tool's", { time: undefined }, [110, 500]],
    ["a tool's start", { time: { end: T0 + 400 } }, [110, 400]],
    ["a tool's end", { time: { start: T0 + 120 } }, [110, 500]],
    ["a tool's, which are texts", { time: { start: "now", end: "later" } }, [110, 500]],
  ])("%s: bounded by its id and its message", (_, state, [start, end]) => {
    const { tools } = at(traced(without(state)).loop.steps, 0);
    expect(onlyOne(tools)).toMatchObject({
      start: T0 + start,
      end: T0 + end,
      timing: "bounded",
      outcome: "completed",
    });
  });

  test("a message's: its id tells", () => {
    const trace = traced(without({}), { time: { completed: T0 + 500 } });
    expect(at(trace.loop.steps, 0)).toMatchObject({ start: T0 + 10, end: T0 + 500 });
  });

  test("a message's whose id tells none either: refused, and said where", () => {
    expect(() => traced(without({}), { id: "msg_made", time: { completed: T0 + 500 } })).toThrow(
      "messages[1] (msg_made).info.time.created: missing, a number should be there",
    );
  });

  test("the session's and its id: the messages tell", () => {
    const { messages } = exportOf([user(0, "Go."), answer(10, 90)]);
    const session = exportFromJson({ info: {}, messages }, "x");
    expect(session.info).toMatchObject({ id: "ses_made", time: { created: T0 } });
  });
});

describe("a completed message that does not say how it ended", () => {
  const tokens = { input: 100, output: 10, reasoning: 0, cache: { read: 0, write: 0 } };
  const asked = user(0, "Go.");
  const tracesOf = (...messages: Parameters<typeof exportOf>[0]) => traceSession(treeOf(exportOf(messages)));
  const worked = (finish: string | undefined, reason: string | undefined) =>
    assistant(10, 900, [stepStart(20), tool(30, 40, 800), stepFinish(890, { reason, tokens })], {
      parentID: asked.info.id,
      finish,
    });
  const said = (reason: string | undefined, info: Json = {}) =>
    assistant(910, 1_200, [stepStart(920), text(930, 1_100, "Done."), stepFinish(1_190, { reason, tokens })], {
      parentID: asked.info.id,
      ...info,
    });

  test.each([
    ["the step-finish says it", "stop", "completed", null],
    ["nothing does", undefined, "completed", null],
    ["the step-finish says that it was cut off", "length", "failed", "max_output_tokens"],
  ])("%s", (_, reason, outcome, code) => {
    const { loop } = onlyOne(tracesOf(asked, worked(undefined, undefined), said(reason)));
    expect([loop.outcome, loop.error?.code ?? null]).toEqual([outcome, code]);
    expect(callsIn(loop).map(({ finish }) => finish)).toEqual(["tool-calls", reason ?? "stop"]);
  });

  test.each([
    ["the message says it", "tool-calls", "tool-calls"],
    ["the step-finish does", undefined, "tool-calls"],
    ["nothing does", undefined, undefined],
  ])("a prompt that was typed while it was at work is of its turn: %s", (_, finish, reason) => {
    const typed = user(500, "And that.");
    const { loop } = onlyOne(tracesOf(asked, worked(finish, reason), typed, said("stop", { parentID: typed.info.id })));
    expect([loop.outcome, loop.input.length, loop.totals.steps]).toEqual(["completed", 2, 2]);
  });

  test.each([["stop"], [undefined]])("the turn got over an error before it: its step-finish says %s", (reason) => {
    const error = { name: "APIError", data: { message: "Overloaded", statusCode: 500, isRetryable: true } };
    const failed = assistant(10, 900, [], { parentID: asked.info.id, error });
    const { loop } = onlyOne(tracesOf(asked, failed, said(reason)));
    expect([loop.outcome, loop.error]).toEqual(["completed", null]);
  });
});
