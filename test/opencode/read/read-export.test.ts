import { describe, expect, test } from "vitest";
import { InvalidExportError } from "../../../src/errors/invalid-export-error.js";
import { exportFromJson, readExport } from "../../../src/opencode/read/read-export.js";
import { fixtureNames, loadFixture } from "../../support/fixtures.js";
import { generation1 } from "../../support/generation1.js";

const time = { created: 1_795_230_000_000 };
const message = (id: string, parts: readonly unknown[] = [], more: object = {}) => ({
  info: { role: "user", id, sessionID: "ses_1", time, ...more },
  parts,
});
const whole = (messages: unknown, info: object = {}) => ({ info: { id: "ses_1", time, ...info }, messages });
const text = (id: string) => ({ id, sessionID: "ses_1", messageID: "msg_1", type: "text", text: "hi" });

/** What the refusal says. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof InvalidExportError) return error.message;
    throw error;
  }
  throw new Error("it was not refused");
}

describe.each(fixtureNames)("%s", (name) => {
  test("is read whole: nothing is unread, nothing is changed", () => {
    const { text: exported } = loadFixture(name);
    const session = readExport(exported, name);
    expect(session.unread).toEqual({ partTypes: {}, roles: {} });
    const raw = JSON.parse(exported);
    expect(session.info).toMatchObject(raw.info);
    expect(session.messages.map(({ info, parts }) => ({ info, parts }))).toMatchObject(raw.messages);
  });

  test("cut off anywhere, it is refused", () => {
    const { text: exported } = loadFixture(name);
    const whole = exported.trimEnd();
    for (const share of [0.1, 0.35, 0.6, 0.85, 0.999]) {
      const cut = whole.slice(0, Math.floor(whole.length * share));
      expect(refusal(() => readExport(cut, "half.json"))).toMatch(/^half\.json: the JSON is cut off after \d+ char/);
    }
  });
});

test("an export that is cut off behind a brace is cut off all the same", () => {
  const exported = JSON.stringify(whole([message("msg_1")]));
  const cut = exported.slice(0, exported.indexOf("}") + 1);
  expect(cut.endsWith("}")).toBe(true);
  expect(refusal(() => readExport(cut, "x"))).toContain("cut off");
});

test("fields that nothing depends on may be null, and a time that nothing uses anything", () => {
  const finish = { id: "prt_2", sessionID: "ses_1", messageID: "msg_2", type: "step-finish", reason: "stop" };
  const tokens = { total: null, input: -5, output: 1.5, reasoning: null, cache: { read: 7, write: 0 } };
  const answer = message(
    "msg_2",
    [
      { ...finish, tokens, cost: null },
      { ...text("prt_3"), type: "patch", files: [] },
    ],
    {
      role: "assistant",
      modelID: "m",
      providerID: "p",
      path: null,
      variant: null,
      finish: null,
      error: null,
    },
  );
  const info = { title: null, parentID: null, tokens: null, version: null, time: { ...time, archived: -1 } };
  const session = generation1(exportFromJson(whole([message("msg_1", [text("prt_1")]), answer], info), "x"));
  expect(session.info).toMatchObject({ title: "", version: "unknown" });
  expect(session.info.parentID).toBeUndefined();
  expect(session.messages[1]?.info).not.toHaveProperty("error", null);
  // No number that Langfuse would drop the observation for.
  expect(session.messages[1]?.parts[0]).toMatchObject({
    cost: 0,
    tokens: {
      input: 0,
      output: 2,
      reasoning: 0,
      cache: { read: 7, write: 0 },
      untrue: { prompt: true, output: true },
    },
  });
});

test("a step-finish without tokens and cost has none", () => {
  const finish = { id: "prt_2", sessionID: "ses_1", messageID: "msg_2", type: "step-finish", reason: "stop" };
  const session = generation1(
    exportFromJson(whole([message("msg_2", [finish], { role: "assistant", modelID: "m", providerID: "p" })]), "x"),
  );
  expect(session.messages[0]?.parts[0]).toMatchObject({
    cost: 0,
    tokens: { input: 0, cache: { read: 0 }, untrue: { prompt: false } },
  });
});

test("tokens and a cost that no call takes are none, and said to be", () => {
  const tokens = { input: Number.MAX_SAFE_INTEGER - 2, output: 1e300, reasoning: 3 };
  const finish = { id: "prt_2", type: "step-finish", reason: "stop", tokens, cost: 1e308 };
  const session = generation1(
    exportFromJson(whole([message("msg_2", [finish], { role: "assistant", modelID: "m", providerID: "p" })]), "x"),
  );
  expect(session.messages[0]?.parts[0]).toMatchObject({
    cost: 0,
    tokens: { input: 0, output: 0, reasoning: 3, untrue: { prompt: true, output: true } },
  });
});

test("what follows a whole export is no part of it", () => {
  expect(readExport(`${JSON.stringify(whole([]))}\nExporting session`, "x").info.id).toBe("ses_1");
});

test("JSON that is wrong in the middle is not called cut off", () => {
  expect(refusal(() => readExport('{"info": nothing, "messages": []}', "x"))).toContain("not valid JSON");
});

test.each([
  ["", "is empty"],
  ["  \n", "is empty"],
  ["Session not found", "not JSON"],
  ["null", "not an opencode export"],
  ["{}", "not an opencode export"],
  ['{"info":{},"messages":[]}', "info.id"],
])("%j is refused: %s", (given, why) => {
  expect(refusal(() => readExport(given, "here.json"))).toContain(why);
  expect(refusal(() => readExport(given, "here.json"))).toMatch(/^here\.json: /);
});

test.each([
  [[], "not an opencode export"],
  [whole("none"), '"messages" is not a list'],
  [whole([3]), 'messages[0] has no "info"'],
  [whole([{ info: { id: "msg_1" } }]), "messages[0] (msg_1).info.role is missing"],
  [whole([{ info: { id: "msg_1", role: "user" } }]), "messages[0] (msg_1).parts is not a list"],
  [whole([message("msg_1", ["text"])]), "messages[0] (msg_1).parts[0]"],
])("%j is refused: %s", (given, why) => {
  expect(refusal(() => exportFromJson(given, "x"))).toContain(why);
});

test("a byte order mark is no part of the export", () => {
  expect(readExport(`\uFEFF${JSON.stringify(whole([]))}`, "x").info.id).toBe("ses_1");
});

test("what is not known is kept and counted, whatever it is called", () => {
  const parts = ["hologram", "hologram", "constructor", "__proto__"].map((type, index) => ({
    ...text(`prt_${index}`),
    type,
  }));
  const session = generation1(
    exportFromJson(whole([message("msg_1", parts), { info: { role: "toString" }, parts: [] }]), "x"),
  );
  expect(Object.entries(session.unread.partTypes)).toEqual([
    ["hologram", 2],
    ["constructor", 1],
    ["__proto__", 1],
  ]);
  expect(Object.entries(session.unread.roles)).toEqual([["toString", 1]]);
  expect(session.messages[0]?.unknownParts.map(({ type }) => type)).toEqual(parts.map(({ type }) => type));
});

test.each([[undefined], [null], [7]])("a text and a thinking that say %j are parts that cannot be read", (said) => {
  const parts = [{ ...text("prt_1"), text: said }, { ...text("prt_2"), type: "reasoning", text: said }, text("prt_3")];
  const session = generation1(exportFromJson(whole([message("msg_1", parts)]), "x"));
  expect(session.unread.partTypes).toEqual({ text: 1, reasoning: 1 });
  expect(session.messages[0]?.parts.map(({ id }) => id)).toEqual(["prt_3"]);
});

test("fields that this version does not know stay where they are", () => {
  const session = generation1(
    exportFromJson(whole([message("msg_1", [{ ...text("prt_1"), glow: 7 }], { mood: "good" })]), "x"),
  );
  expect(session.messages[0]?.info).toMatchObject({ mood: "good" });
  expect(session.messages[0]?.parts[0]).toMatchObject({ glow: 7 });
});

test.each([
  ["two messages", whole([message("msg_1"), message("msg_1")])],
  ["two parts", whole([message("msg_1", [text("prt_1")]), message("msg_2", [text("prt_1")])])],
])("%s of the same id are refused, since one of their spans would be lost", (_, given) => {
  expect(refusal(() => exportFromJson(given, "x"))).toMatch(/the id (msg|prt)_1 stands there twice/);
});

test.each([-1, 1e300, 18_446_744_073_710])("%d is no time that OTLP could say", (created) => {
  expect(refusal(() => exportFromJson(whole([], { time: { created } }), "x"))).toContain("info.time.created");
  expect(refusal(() => exportFromJson(whole([message("msg_1", [], { time: { created } })]), "x"))).toContain(
    "messages[0] (msg_1).info.time.created",
  );
  const state = { status: "completed", input: {}, output: "", time: { start: 1, end: created } };
  const tool = { ...text("prt_1"), type: "tool", tool: "bash", callID: "c", state };
  expect(refusal(() => exportFromJson(whole([message("msg_1", [tool])]), "x"))).toContain("parts[0].state.time.end");
});
