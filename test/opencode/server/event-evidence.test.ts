import { expect, test } from "vitest";
import { readServerEvent } from "../../../src/opencode/schema/server-event.js";
import {
  addEvidence,
  type EventEvidence,
  evidenceWithin,
  evidenceWithout,
  noEvidence,
} from "../../../src/opencode/server/event-evidence.js";

/** Events as opencode 1.18 sends them; at 1000, 2000, … ms. */
function evidenceOf(...events: readonly (readonly [type: string, properties: unknown])[]): EventEvidence {
  return events.reduce((evidence, [type, properties], index) => {
    const sent = readServerEvent(JSON.stringify({ type, properties }), (index + 1) * 1000);
    if (!sent?.event) throw new Error(`${type} was not read`);
    return addEvidence(evidence, sent.event);
  }, noEvidence);
}

const asked = {
  sessionID: "ses_1",
  id: "per_1",
  permission: "bash",
  patterns: ["rm -r build"],
  tool: { messageID: "msg_1", callID: "call_remove" },
  metadata: { command: "rm -r build" },
  always: ["rm *"],
};

test("a permission that is answered, and one that is not", () => {
  const { permissions } = evidenceOf(
    ["permission.asked", asked],
    ["permission.asked", { ...asked, id: "per_2", tool: undefined }],
    ["permission.replied", { sessionID: "ses_1", requestID: "per_1", reply: "always" }],
    ["permission.replied", { sessionID: "ses_1", requestID: "per_1", reply: "reject" }],
  );
  const said = { sessionId: "ses_1", permission: "bash", patterns: ["rm -r build"], by: "other" };
  expect(permissions).toEqual([
    { ...said, requestId: "per_1", callId: "call_remove", askedAt: 1000, answeredAt: 3000, answer: "always" },
    { ...said, requestId: "per_2", askedAt: 2000, answeredAt: null, answer: null },
  ]);
});

test("retries and errors, by session and time", () => {
  const evidence = evidenceOf(
    ["session.status", { sessionID: "ses_1", status: { type: "busy" } }],
    ["session.status", { sessionID: "ses_1", status: { type: "retry", attempt: 1, message: "full", next: 9 } }],
    ["session.status", { sessionID: "ses_2", status: { type: "retry", attempt: 2, message: "full", next: 9 } }],
    ["session.error", { sessionID: "ses_1", error: { name: "UnknownError", data: { message: "no model" } } }],
    ["session.error", { error: { name: "UnknownError" } }],
  );
  expect(evidence.retries).toEqual([
    { sessionId: "ses_1", at: 2000, next: 9, attempt: 1, reason: "full" },
    { sessionId: "ses_2", at: 3000, next: 9, attempt: 2, reason: "full" },
  ]);
  const error = {
    sessionId: "ses_1",
    error: { name: "UnknownError", data: { message: "no model" } },
    at: 4000,
  };
  expect(evidence.errors).toEqual([error]);
  const mine = new Set(["ses_1"]);
  expect(evidenceWithin(evidence, mine, 0, 3999)).toEqual({
    retries: evidence.retries.slice(0, 1),
    permissions: [],
    errors: [],
  });
  expect(evidenceWithout(evidence, mine).retries).toEqual(evidence.retries.slice(1));
});
