import { describe, expect, test } from "vitest";
import type { ServerEvent } from "../../../src/opencode/schema/server-event.js";
import {
  applyEvent,
  emptyMirror,
  exportOf,
  type Mirror,
  rootOf,
  withSession,
} from "../../../src/opencode/server/session-mirror.js";

const at = 1_795_266_186_498;

function told<Type extends ServerEvent["type"]>(
  type: Type,
  properties: Extract<ServerEvent, { type: Type }>["properties"],
): ServerEvent {
  return { type, properties, at } as ServerEvent;
}

const session = {
  id: "ses_1",
  title: "T",
  directory: "/w",
  version: "1.18.33",
  time: { created: 1, updated: 2 },
};
const question = { id: "msg_1", role: "user", sessionID: "ses_1", time: { created: 1 } };
const answer = {
  id: "msg_2",
  role: "assistant",
  sessionID: "ses_1",
  parentID: "msg_1",
  modelID: "m",
  providerID: "p",
  time: { created: 2 },
};
const part = {
  id: "prt_1",
  type: "text",
  messageID: "msg_2",
  sessionID: "ses_1",
  text: "",
  time: { start: 3 },
};

const begun = [
  told("session.created", { info: session }),
  told("message.updated", { info: question }),
  told("message.updated", { info: answer }),
  told("message.part.updated", { part }),
];
const delta = (text: string) =>
  told("message.part.delta", {
    sessionID: "ses_1",
    messageID: "msg_2",
    partID: "prt_1",
    field: "text",
    delta: text,
  });

function fold(events: readonly ServerEvent[], from: Mirror = emptyMirror): Mirror {
  return events.reduce(applyEvent, from);
}

function textIn(mirror: Mirror): unknown {
  return mirror.get("ses_1")?.messages.at(-1)?.parts[0]?.text;
}

describe("a mirror", () => {
  test("has the text that streams", () => {
    expect(textIn(fold([...begun, delta("It "), delta("works")]))).toBe("It works");
  });

  test("is not changed by what comes too late", () => {
    const ended = { ...part, text: "It works", time: { start: 3, end: 4 } };
    const completed = { ...answer, time: { created: 2, completed: 5 } };
    const mirror = fold([
      ...begun,
      told("message.part.updated", { part: ended }),
      told("message.updated", { info: completed }),
      told("session.updated", { info: { ...session, time: { created: 1, updated: 9 } } }),
    ]);
    expect(fold(begun, mirror)).toEqual(mirror);
  });

  test("is not changed by what it cannot place", () => {
    const stray = [
      delta("x"),
      told("message.part.updated", { part: { ...part, messageID: "msg_9" } }),
      told("message.updated", { info: { ...answer, sessionID: "ses_9" } }),
      told("session.updated", { info: { ...session, id: "ses_9" } }),
    ];
    const mirror = fold(begun.slice(0, 2));
    expect(fold(stray, mirror)).toBe(mirror);
  });

  test("puts messages in the order of their times, as the server does: a client may have made a prompt's id", () => {
    const ahead = { ...question, id: "msg_9", time: { created: 3 } };
    const said = { ...answer, id: "msg_4", parentID: "msg_9", time: { created: 4 } };
    const behind = { ...question, id: "msg_0", time: { created: 5 } };
    const mirror = fold([
      ...begun,
      told("message.updated", { info: ahead }),
      told("message.updated", { info: said }),
      told("message.part.updated", { part: { ...part, id: "prt_4", messageID: "msg_4" } }),
      told("message.updated", { info: behind }),
      told("message.updated", { info: { ...ahead, summary: { diffs: [] } } }),
    ]);
    const messages = mirror.get("ses_1")?.messages ?? [];
    expect(messages.map(({ info, parts }) => [info.id, parts.length])).toEqual([
      ["msg_1", 0],
      ["msg_2", 1],
      ["msg_9", 0],
      ["msg_4", 1],
      ["msg_0", 0],
    ]);
    expect(messages[2]?.info).toHaveProperty("summary");
  });

  test("puts messages and parts in the order of their times and ids, and takes them away", () => {
    const tail = { ...part, id: "prt_3" };
    const mirror = fold([
      begun[0] ?? delta(""),
      told("message.updated", { info: answer }),
      told("message.updated", { info: question }),
      told("message.part.updated", { part: tail }),
      told("message.part.updated", { part }),
      told("message.part.updated", { part: { ...part, id: "prt_2" } }),
    ]);
    expect(mirror.get("ses_1")?.messages.map(({ info }) => info.id)).toEqual(["msg_1", "msg_2"]);
    expect(mirror.get("ses_1")?.messages[1]?.parts.map(({ id }) => id)).toEqual(["prt_1", "prt_2", "prt_3"]);
    const less = fold(
      [
        told("message.part.removed", { sessionID: "ses_1", messageID: "msg_2", partID: "prt_2" }),
        told("message.removed", { sessionID: "ses_1", messageID: "msg_1" }),
      ],
      mirror,
    );
    expect(less.get("ses_1")?.messages.map(({ parts }) => parts.map(({ id }) => id))).toEqual([["prt_1", "prt_3"]]);
    expect(fold([told("session.deleted", { info: session })], mirror).size).toBe(0);
  });

  test("takes what is read from the server, but for what it knows more of", () => {
    const streaming = fold([...begun, delta("It wor")]);
    const read = { info: session, messages: [{ info: answer, parts: [part] }] };
    expect(textIn(withSession(streaming, read))).toBe("It wor");
    // The question was removed while nobody was listening.
    expect(withSession(streaming, read).get("ses_1")?.messages).toHaveLength(1);
    const ended = { ...part, text: "It worked", time: { start: 3, end: 4 } };
    const later = { info: session, messages: [{ info: answer, parts: [ended] }] };
    expect(textIn(withSession(streaming, later))).toBe("It worked");
  });

  test("reads only what is new", () => {
    const before = fold(begun);
    const after = fold([delta("x")], before);
    const [first, second] = [exportOf(before, "ses_1"), exportOf(after, "ses_1")];
    expect(second?.messages[0]).toBe(first?.messages[0]);
    expect(second?.messages[1]).not.toBe(first?.messages[1]);
    expect(exportOf(before, "ses_1")).toBe(first);
    expect(exportOf(before, "ses_9")).toBeUndefined();
  });

  test("survives sessions that name each other as parents", () => {
    const mirror = fold([
      told("session.created", { info: { ...session, parentID: "ses_2" } }),
      told("session.created", { info: { ...session, id: "ses_2", parentID: "ses_1" } }),
    ]);
    expect(["ses_1", "ses_2"]).toContain(rootOf(mirror, "ses_1"));
  });
});
