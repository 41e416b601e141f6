import { expect, onTestFinished, test } from "vitest";
import type { LoopTrace } from "../../src/trace/model.js";
import { attachTo } from "../../src/workflow/attach.js";
import { keptSession } from "../../src/workflow/session-store.js";
import { until } from "../support/play-on-server.js";
import { type ScriptedSession, scriptedServer } from "../support/scripted-server.js";
import { turn } from "../support/scripted-turn.js";
import { temporaryStore } from "../support/temporary-store.js";

test("a turn that goes on after it was told is told again, with what was known of it", async () => {
  const now = Date.now();
  const ended = turn("1", now, { at: now + 10 });
  const session: ScriptedSession = { directory: "/a", updated: now, messages: ended.slice(0, 1) };
  const server = await scriptedServer({ ses_a: session });
  const paths = await temporaryStore();
  const ending = new AbortController();
  const told: LoopTrace[] = [];
  let connected = false;
  const attached = attachTo({
    connection: { url: server.url },
    ...{ destinations: [], traceOptions: {}, paths, masking: undefined, live: true },
    signal: ending.signal,
    onConnected: () => {
      connected = true;
    },
    onTurn: (trace) => told.push(trace),
  });
  onTestFinished(async () => {
    ending.abort();
    await attached;
  });
  await until(() => connected);
  const works = () => server.tell("session.status", { sessionID: "ses_a", status: { type: "busy" } });
  const rests = () => server.tell("session.idle", { sessionID: "ses_a" });
  works();
  const status = { type: "retry", attempt: 1, message: "Too many requests", next: now + 9 };
  server.tell("session.status", { sessionID: "ses_a", status });
  session.messages = ended;
  rests();
  await until(() => told.length === 1);
  works();
  rests();
  session.messages = [...ended, ...turn("1", now, { at: now + 10 }, { at: now + 500 }).slice(2)];
  works();
  rests();
  await until(() => told.length === 2);
  expect(told.map(({ loop }) => loop.steps.length)).toEqual([1, 2]);
  expect((await keptSession(paths, "ses_a"))?.runs).toMatchObject([
    { retries: [{ attempt: 1, reason: "Too many requests" }] },
  ]);
});
