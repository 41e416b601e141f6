import { describe, expect, test } from "vitest";
import { serverEvent } from "../../../src/opencode/schema/server-event-schema.js";
import { isRead, wholeEvent } from "../../../src/opencode/schema/whole-event.js";
import { changedAsParsed, type ToldRow, toldAsParsed } from "../../support/told-by-hand.js";

const sessionID = "ses_1";
const messageID = "msg_1";
const info = { id: sessionID, title: "A title", parentID: null, time: { created: 1 } };
const part = { id: "prt_1", type: "text", messageID, sessionID, text: "a", time: { start: 1 } };
const PROPERTIES = {
  "session.created": { sessionID, info },
  "session.updated": { info: { id: sessionID } },
  "session.deleted": { info },
  "session.status": { sessionID, status: { type: "busy" } },
  "session.idle": { sessionID },
  "message.updated": { sessionID, info: { id: messageID, role: "user", time: { created: 1 } } },
  "message.removed": { sessionID, messageID },
  "message.part.updated": { sessionID, part, time: 5 },
  "message.part.removed": { sessionID, messageID, partID: "prt_1" },
  "message.part.delta": { sessionID, messageID, partID: "prt_1", field: "text", delta: "b", more: [1] },
};
const retry = { type: "retry", attempt: 1, message: "again", next: 9 };
const events = [...Object.entries(PROPERTIES), ["session.status", { sessionID, status: retry }] as const].map(
  ([type, properties]): ToldRow => ({
    row: { id: "evt_1", type, properties },
    whole: wholeEvent,
    parsed: (row) => serverEvent.parse(row),
  }),
);

describe("an event of opencode 1.x that is told by hand", () => {
  test("is what the schema makes of it", () => {
    expect(toldAsParsed(events)).toBe(events.length);
    expect(serverEvent.options.every(({ shape }) => isRead(shape.type.value))).toBe(true);
  });

  test("is what the schema makes of it whatever stands in it", () => {
    changedAsParsed(events, 1_000);
  });
});
