import { expect, test } from "vitest";
import type { ServerEvent } from "../../../src/opencode/schema/server-event.js";
import { createTurnWatch } from "../../../src/opencode/server/turn-watch.js";

const SESSION = "ses_own";
const run = { isOurs: (id: string) => id === SESSION, sessionId: SESSION };

const asked = (id: string): ServerEvent => ({
  type: "permission.asked",
  properties: { id, sessionID: SESSION, permission: "bash", patterns: ["ls"], always: [] },
  at: 1_000,
});
const replied = (requestID: string, reply: "once" | "reject", at: number): ServerEvent => ({
  type: "permission.replied",
  properties: { sessionID: SESSION, requestID, reply },
  at,
});

/** A server that answers replies as it is told to, or does not at all. */
function scripted(...statuses: readonly (number | undefined)[]) {
  const left = [...statuses];
  const sent: string[] = [];
  return {
    sent,
    reply: ({ requestID, reply }: { readonly requestID: string; readonly reply?: string }) => {
      sent.push(`${requestID} ${reply}`);
      const status = left.shift();
      return Promise.resolve({ response: status === undefined ? undefined : { ok: status < 400 } });
    },
  };
}

test("an answer that the connection has lost is given again when the request is told again", async () => {
  const server = scripted(undefined, 200);
  const watch = createTurnWatch(run, "allow", server.reply, false);
  watch.take(asked("per_1"));
  await watch.settled();
  expect(watch.permissions()).toEqual([]);
  watch.take(asked("per_1"));
  await watch.settled();
  expect(server.sent).toEqual(["per_1 once", "per_1 once"]);
  expect(watch.permissions()).toMatchObject([{ answer: "once", by: "policy" }]);
});

test("a request is answered once, however often it is told", async () => {
  const server = scripted(200);
  const watch = createTurnWatch(run, "deny", server.reply, false);
  watch.take(asked("per_1"));
  watch.take(asked("per_1"));
  await watch.settled();
  watch.take(asked("per_1"));
  expect(server.sent).toEqual(["per_1 reject"]);
});

test("who was first with another answer is told, and the time is that of the event", async () => {
  const watch = createTurnWatch(run, () => new Promise(() => undefined), scripted().reply, false);
  watch.take(asked("per_1"));
  watch.take(replied("per_1", "once", 1_500));
  expect(watch.permissions()).toEqual([
    {
      sessionId: SESSION,
      permission: "bash",
      patterns: ["ls"],
      askedAt: 1_000,
      answeredAt: 1_500,
      answer: "once",
      by: "other",
    },
  ]);
});

test("what other sessions say is nothing to it", () => {
  const watch = createTurnWatch(run, "allow", scripted().reply, false);
  const error = { name: "APIError", data: {} };
  watch.take({ type: "session.error", properties: { sessionID: "ses_other", error }, at: 1 });
  watch.take({ type: "session.error", properties: { sessionID: SESSION, error }, at: 2 });
  expect(watch.streamErrors()).toEqual([{ error, at: 2 }]);
});
