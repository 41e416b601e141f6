import { expect, test } from "vitest";
import type { ServerEvent } from "../../../src/opencode/schema/server-event.js";
import { adapterOf1 } from "../../../src/opencode/server/adapter-of-1.js";

const at = Date.parse("2026-01-01T00:00:00.000Z");

const created = (id: string, parentID: string): ServerEvent => ({
  ...{ type: "session.created", at, properties: { info: { id, parentID, title: `Do what ${id} is to do` } } },
});
const answers = (sessionID: string): ServerEvent => ({
  ...{ type: "message.updated", at },
  properties: { sessionID, info: { id: `msg_${sessionID}`, role: "assistant", sessionID, time: { created: at } } },
});
const runs = (sessionID: string, tool: string): ServerEvent => ({
  ...{ type: "message.part.updated", at },
  properties: {
    part: {
      ...{ id: `prt_${sessionID}`, sessionID, messageID: `msg_${sessionID}`, type: "tool", callID: "call_1", tool },
      state: { status: "running", input: { command: "npm test" }, time: { start: at } },
    },
  },
});
const idle = (sessionID: string): ServerEvent => ({
  ...{ type: "session.status", at, properties: { sessionID, status: { type: "idle" } } },
});

test("what subagents are at is told inside of what started them, until they are done", () => {
  const served = adapterOf1.progress({ sessionId: "ses_root", mcpServers: [], promptedAt: at }, at);
  const told = (events: readonly ServerEvent[]) => {
    for (const event of events) served.take(event);
    return served.progress;
  };
  const bash = { kind: "tools", running: [{ name: "bash", detail: "npm test", since: at }] };
  const first = told([created("ses_a", "ses_root"), created("ses_b", "ses_a"), created("ses_other", "ses_else")]);
  expect(first.inside.map(({ sessionId, title }) => [sessionId, title])).toEqual([["ses_a", "Do what ses_a is to do"]]);
  expect(first.subagents).toBe(2);
  const busy = told([answers("ses_a"), runs("ses_a", "bash"), answers("ses_b"), runs("ses_b", "bash")]);
  expect(busy).toMatchObject({
    step: null,
    inside: [{ progress: { step: 0, phase: bash, inside: [{ sessionId: "ses_b", progress: { phase: bash } }] } }],
  });
  // The same object as long as nothing is new.
  expect(served.progress).toBe(busy);
  expect(told([idle("ses_b")]).inside).toMatchObject([{ progress: { inside: [] } }]);
  expect(told([idle("ses_a")]).inside).toEqual([]);
});
