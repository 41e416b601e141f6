import { expect, test } from "vitest";
import { readServerEvent } from "../../../src/opencode/schema/server-event.js";

const id = "evt_1fe340d02001osor1BGqB9pTLU";
const properties = { sessionID: "ses_1", messageID: "msg_1", partID: "prt_1", field: "text", delta: "piece" };
const wrapped = (payload: object): string => JSON.stringify({ directory: 'a "b"', project: "p", payload });

test.each([
  ["of all directories", wrapped({ type: "sync", syncEvent: { id, type: "message.updated.1" } })],
  ["with its id first", wrapped({ id, type: "plugin.added", properties: {} })],
  ["of one directory", JSON.stringify({ id, type: "session.diff", properties: {} })],
])("what is not read need be no JSON behind its type: an event %s", (_, text) => {
  const { type } = readServerEvent(text, 1) ?? {};
  expect(type).toMatch(/^(sync|plugin\.added|session\.diff)$/);
  expect(readServerEvent(text.slice(0, -1), 1)).toEqual({ type });
});

test("a type that stands in a text or deeper down says nothing of the event", () => {
  const part = { id: "prt_1", messageID: "msg_1", type: "tool", state: { payload: { type: "sync" } } };
  const told = [
    JSON.stringify({
      directory: '{"type":"sync"',
      payload: { properties: { part }, type: "message.part.updated", id },
    }),
    JSON.stringify({ properties: { part }, type: "message.part.updated" }),
  ];
  for (const text of told) expect(readServerEvent(text, 1)?.event?.properties).toEqual({ part });
});

test("a piece of a text is read as the schema reads it, with what else it says", () => {
  const read = readServerEvent(
    wrapped({ id, type: "message.part.delta", properties: { ...properties, more: [1] } }),
    1795266190000,
  );
  expect(read).toEqual({
    type: "message.part.delta",
    directory: 'a "b"',
    event: {
      ...{ id, type: "message.part.delta", properties: { ...properties, more: [1] } },
      ...{ at: 1795266186498, size: expect.any(Number) },
    },
    isDated: true,
  });
});

test.each([{ ...properties, delta: 7 }, { ...properties, partID: undefined }, { ...properties, sessionID: null }, []])(
  "a piece of a text that is none is left out: %j",
  (wrong) => {
    const read = readServerEvent(JSON.stringify({ type: "message.part.delta", properties: wrong }), 1);
    expect(read).toEqual({ type: "message.part.delta", directory: undefined, event: undefined, isDated: false });
  },
);

test("an event that does not say when it was made is of when it came", () => {
  const read = readServerEvent(JSON.stringify({ type: "message.part.delta", properties }), 17);
  expect(read).toMatchObject({ isDated: false, event: { at: 17 } });
});

test("what is nested too deeply is no event", () => {
  const deep = `${"[".repeat(600)}${"]".repeat(600)}`;
  expect(readServerEvent(`{"type":"session.idle","properties":{"sessionID":"ses_1","x":${deep}}}`, 1)).toBeUndefined();
});
