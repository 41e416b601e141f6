import { describe, expect, it } from "vitest";
import { readServerEvent2, sessionIdOf2 } from "../../../../src/opencode/v2/server/server-event.js";
import {
  applyEvent2,
  emptyMirror2,
  type Mirror2,
  type RawMessage2,
  withSession2,
} from "../../../../src/opencode/v2/server/session-mirror.js";
import { fieldsOf, isFields } from "../../../../src/text/json-fields.js";
import { recordings } from "../../../support/opencode2-recordings.js";

describe("the mirror of a server of opencode 2", () => {
  it.each(recordings())("has what the server had in the end: $name", ({ events, sessions }) => {
    const mirror = events.reduce<Mirror2>((before, event) => applyEvent2(before, readEvent(event)), emptyMirror2);
    for (const { info, messages } of sessions) {
      const mirrored = mirror.get(info.id);
      expect(mirrored?.messages.map(comparable)).toEqual(messages.map(comparable));
      expect(mirrored?.busy).toBe(false);
      expect(mirrored?.inbox.size).toBe(0);
      const { cost, tokens, title, outcome, parentID } = info;
      expect(mirrored?.info).toMatchObject({ cost, tokens, title, outcome, ...(parentID ? { parentID } : {}) });
    }
  });

  it("takes the names of builds before 2.0 for those of today", () => {
    const told = [
      [
        "session.created",
        { sessionID: "ses_a", info: { id: "ses_a", directory: "/a", slug: "s", version: "2.0.0-0720" } },
      ],
      [
        "session.input.admitted",
        { inputID: "msg_1", input: { type: "user", data: { text: "Go." }, delivery: "steer" } },
      ],
      ["session.input.promoted", { inputID: "msg_1" }],
      ["session.step.started", { assistantMessageID: "msg_2", agent: "build", model: { id: "m", providerID: "p" } }],
      ["session.tool.input.started", { assistantMessageID: "msg_2", callID: "call_1", name: "shell" }],
      ["session.tool.called", { assistantMessageID: "msg_2", callID: "call_1", input: { command: "ls" } }],
      ["session.tool.success", { assistantMessageID: "msg_2", callID: "call_1", structured: { exit: 0 }, content: [] }],
    ] as const;
    const mirror = told.reduce<Mirror2>(
      (before, [type, data], at) =>
        applyEvent2(before, readEvent({ id: `evt_${at}`, type, created: at, data: { sessionID: "ses_a", ...data } })),
      emptyMirror2,
    );
    const { info, messages } = mirror.get("ses_a") ?? {};
    expect(info).toMatchObject({ id: "ses_a", location: { directory: "/a" } });
    expect(info).not.toHaveProperty("slug");
    expect(messages).toEqual([
      { id: "msg_1", type: "user", text: "Go.", time: { created: 2 } },
      {
        ...{
          id: "msg_2",
          type: "assistant",
          agent: "build",
          model: { id: "m", providerID: "p" },
          time: { created: 3 },
        },
        content: [
          {
            ...{ type: "tool", id: "call_1", name: "shell", executed: false },
            state: { status: "completed", input: { command: "ls" }, metadata: { exit: 0 } },
            time: { created: 4, ran: 5, completed: 6 },
          },
        ],
      },
    ]);
  });

  it("leaves a turn open that a server's end has cut off, and closes one that a person has", () => {
    const begun = withSession2(emptyMirror2, { info: { id: "ses_a" }, messages: [] }, true);
    const interrupted = (reason: string) =>
      applyEvent2(
        begun,
        readEvent({
          id: "evt_9",
          type: "session.execution.interrupted",
          created: 9,
          data: { sessionID: "ses_a", reason },
        }),
      ).get("ses_a");
    expect(interrupted("shutdown")).toMatchObject({ busy: false, messages: [] });
    expect(interrupted("user")).toMatchObject({
      busy: false,
      info: { outcome: "interrupted", time: { idle: 9 } },
      messages: [{ id: "msg_9", type: "idle", outcome: "interrupted" }],
    });
  });

  it("knows nothing of a session that it has not read", () => {
    const event = readEvent({
      id: "evt_1",
      type: "session.renamed",
      created: 1,
      data: { sessionID: "ses_b", title: "x" },
    });
    expect(sessionIdOf2(event)).toBe("ses_b");
    expect(applyEvent2(emptyMirror2, event)).toBe(emptyMirror2);
  });
});

function readEvent(event: object) {
  const read = readServerEvent2(JSON.stringify(event), 0)?.event;
  if (!read) throw new Error(`this is no event: ${JSON.stringify(event)}`);
  return read;
}

/** An idle message of the fixtures has an id of their own. */
function comparable(message: RawMessage2): object {
  if (message.type === "idle") return { type: message.type, outcome: message.outcome };
  if (message.type !== "assistant") return message;
  const content = Array.isArray(message.content) ? message.content.filter(isFields) : [];
  return {
    ...message,
    // The export's rule and the events' are not the same for what a failed tool leaves.
    content: content.map((item) => (item.type === "tool" ? { ...item, state: stateOf(item.state) } : item)),
  };
}

function stateOf(state: unknown): object {
  const { metadata: _metadata, ...rest } = fieldsOf(state);
  return rest;
}
