import { describe, expect, test } from "vitest";
import { InvalidExportError } from "../../../../src/errors/invalid-export-error.js";
import { childSessionIds } from "../../../../src/opencode/read/assemble-sessions.js";
import { exportFromJson, readExport } from "../../../../src/opencode/read/read-export.js";
import { at, onlyOne } from "../../../support/fixtures.js";
import { generation2, loadOpencode2, opencode2Names } from "../../../support/opencode2-fixtures.js";

const created = 1_795_881_886_000;
const info = { id: "ses_two", projectID: "global", time: { created }, location: { directory: "/home/dev/project" } };

function message(id: string, type: string, more: object = {}): Record<string, unknown> {
  return { id, type, time: { created }, ...more };
}

function read(messages: readonly unknown[], more: object = {}) {
  return generation2(exportFromJson({ info: { ...info, ...more }, messages }, "two.json"));
}

function answer(content: readonly unknown[], more: object = {}): Record<string, unknown> {
  return message("msg_a", "assistant", { content, ...more });
}

/** The only content of the only answer. */
function readContent(content: unknown) {
  const [one] = read([answer([content])]).messages;
  return onlyOne(one?.type === "assistant" ? one.content : []);
}

describe.each(opencode2Names)("%s", (name) => {
  const { session, subagents, forks, text } = loadOpencode2(name);

  test("is read whole", () => {
    expect(session.messages).toHaveLength(JSON.parse(text).messages.length);
    for (const { info: own, unread, unknownMessages } of [session, ...subagents, ...forks]) {
      expect({ ...unread, unknownMessages }).toEqual({ messageTypes: {}, contentTypes: {}, unknownMessages: [] });
      expect(own).toMatchObject({ directory: "/home/dev/project", version: "2.x" });
    }
  });

  test("names its subagents", () => {
    expect(childSessionIds(session).sort()).toEqual(subagents.map((one) => one.info.id).sort());
  });
});

describe("the generations are told apart", () => {
  test("by the messages, whatever stands in the information", () => {
    const user = message("msg_1", "user", { text: "Hi." });
    const oldInfo = { id: "ses_one", directory: "/", version: "1.18.33", time: { created } };
    expect(exportFromJson({ info: oldInfo, messages: [user] }, "x").generation).toBe(2);
    const old = { info: { id: "msg_1", role: "user", time: { created } }, parts: [] };
    expect(exportFromJson({ info, messages: [old] }, "x").generation).toBe(1);
  });

  test("and without messages by where the folder stands", () => {
    expect(read([]).messages).toEqual([]);
    const oldInfo = { id: "ses_one", directory: "/", version: "1.18.33", time: { created } };
    expect(exportFromJson({ info: oldInfo, messages: [] }, "x").generation).toBe(1);
  });
});

describe("what a trace can do without is unknown", () => {
  test("of the session", () => {
    const { info: own } = read([message("msg_1", "user")], {
      title: 3,
      time: {},
      location: 7,
      tokens: null,
      cost: "x",
    });
    expect(own).toMatchObject({ title: "", directory: "", time: { created }, cost: 0 });
    expect(own.tokens).toBeUndefined();
    expect(own.outcome).toBeUndefined();
  });

  test.each([
    ["user", { text: "", files: [] }],
    ["synthetic", { text: "" }],
    ["system", { text: "" }],
    ["skill", { text: "" }],
    ["shell", { command: "" }],
    ["compaction", { summary: "" }],
    ["idle", {}],
    ["agent-switched", {}],
    ["model-switched", {}],
    ["location-switched", {}],
  ])("of a message of type %s", (type, expected) => {
    const fields = {
      text: 1,
      files: 1,
      command: {},
      summary: [],
      outcome: "so-so",
      model: "m",
      location: 2,
      output: 3,
    };
    expect(onlyOne(read([message("msg_1", type, fields)]).messages)).toMatchObject({ type, ...expected });
    expect(onlyOne(read([message("msg_1", type)]).messages)).toMatchObject({ type, ...expected });
  });

  test("of an answer", () => {
    const time = { created, streamed: "x", completed: null };
    const one = onlyOne(read([answer([], { agent: 1, model: {}, tokens: "many", cost: -3, retry: 1, time })]).messages);
    expect(one).toMatchObject({ cost: 0, tokens: { input: 0 }, content: [] });
    expect(one).not.toHaveProperty("error", expect.anything());
  });

  test("of a tool", () => {
    expect(readContent({ type: "tool" })).toMatchObject({
      id: "msg_a/0",
      name: "unknown",
      time: {},
      state: { status: "running" },
    });
    expect(readContent({ type: "tool", state: { status: "error", error: "no" } })).toMatchObject({
      state: { status: "error", error: { message: "no" } },
    });
    const odd = [{ type: "text", text: "a" }, { type: "hologram" }, 7, { type: "text" }];
    expect(readContent({ type: "tool", state: { status: "completed", content: odd } })).toMatchObject({
      state: { content: [{ text: "a" }, { text: "" }] },
    });
  });
});

test("an error of whatever form is an error", () => {
  const errors = ["no", { type: "provider.auth", message: "no", status: 401 }, {}, 7];
  const read2 = errors.map((error, index) => onlyOne(read([answer([], { id: `msg_${index}`, error })]).messages));
  expect(read2.map((one) => (one.type === "assistant" ? one.error : null))).toEqual([
    { name: "unknown", data: { message: "no" } },
    { name: "provider.auth", data: { message: "no", statusCode: 401 } },
    { name: "unknown", data: { message: "" } },
    { name: "unknown", data: { message: "7" } },
  ]);
});

describe("what builds before 2.0 called otherwise has its later name", () => {
  test("a tool's metadata", () => {
    const state = { status: "completed", structured: { exit: 3 }, content: [], result: {} };
    expect(readContent({ type: "tool", id: "c", name: "shell", state })).toMatchObject({
      state: { metadata: { exit: 3 } },
    });
  });

  test("a file's text", () => {
    const state = { status: "completed", structured: { content: "alpha" }, content: [] };
    expect(readContent({ type: "tool", id: "c", name: "read", state })).toMatchObject({
      state: { content: [{ type: "text", text: "alpha" }] },
    });
  });
});

describe("what is not known is kept and counted, whatever it is called", () => {
  test("messages", () => {
    const unknown = [message("msg_1", "hologram", { glow: 7 }), message("msg_2", "constructor"), { id: "msg_3" }];
    const session = read([message("msg_0", "user"), ...unknown]);
    expect(session.unread.messageTypes).toEqual({ hologram: 1, constructor: 1, "(none)": 1 });
    expect(session.unknownMessages).toMatchObject([{ glow: 7 }, { id: "msg_2" }, { id: "msg_3" }]);
  });

  test("contents", () => {
    const session = read([answer([{ type: "hologram", glow: 7 }, 7, { type: "toString" }, {}])]);
    expect(session.unread.contentTypes).toEqual({ hologram: 1, toString: 1, "(none)": 2 });
    expect(at(session.messages, 0)).toMatchObject({
      content: [],
      unknownContent: [{ glow: 7 }, { value: 7 }, { type: "toString" }, {}],
    });
  });

  test("fields", () => {
    const content = { type: "text", text: "a", native: { id: 1 } };
    const session = read([answer([content], { mood: "good" })], { glow: 7 });
    expect(session.info).toMatchObject({ glow: 7 });
    expect(at(session.messages, 0)).toMatchObject({ mood: "good", content: [{ native: { id: 1 } }] });
  });
});

describe("what no trace can do without is refused, and it is said what and where", () => {
  test.each<readonly [string, readonly unknown[], object, string]>([
    ["a session's id", [message("msg_1", "user")], { id: 7 }, "info.id"],
    ["a session's time", [], { time: {} }, "info.time.created: missing"],
    ["a message's id", [message("msg_1", "user", { id: undefined })], {}, "messages[0].id: missing"],
    ["a message's time", [message("msg_1", "idle", { time: {} })], {}, "messages[0] (msg_1).time.created: missing"],
    [
      "a time that is none",
      [answer([{ type: "tool", id: "c", name: "x", time: { ran: -1 }, state: { status: "running" } }])],
      {},
      "messages[0] (msg_a).content[0].time.ran is no time",
    ],
    ["an answer's content", [message("msg_1", "assistant")], {}, "messages[0] (msg_1).content is not a list"],
    ["the same id twice", [message("msg_1", "user"), message("msg_1", "idle")], {}, "the id msg_1 stands there twice"],
    ["a message that is none", [message("msg_1", "user"), 7], {}, "messages[1] is no message, but 7."],
  ])("%s", (_what, messages, more, said) => {
    const refuse = (): unknown => read(messages, more);
    expect(refuse).toThrow(InvalidExportError);
    expect(refuse).toThrow(`two.json: ${said}`);
  });

  test("what stands in the place of a message, in few words, however long or deep it is", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`);
    expect(() => read([deep])).toThrow("messages[0] is no message, but a list.");
    expect(() => read(["x".repeat(100_000)])).toThrow(`is no message, but the text "${"x".repeat(39)}…".`);
  });

  test("an export that is cut off", () => {
    const { text } = loadOpencode2("multistep");
    expect(() => readExport(text.slice(0, 5_000), "cut.json")).toThrow("cut.json: the JSON is cut off after 5000");
  });
});
