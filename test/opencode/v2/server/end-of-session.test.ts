import { expect, onTestFinished, test } from "vitest";
import { SessionNotFoundError } from "../../../../src/errors/session-not-found-error.js";
import { storeServer } from "../../../../src/opencode/store/store-server.js";
import { endOfSession2 } from "../../../../src/opencode/v2/server/end-of-session.js";
import { loadOpencode2, opencode2Names } from "../../../support/opencode2-fixtures.js";
import type { Session2 } from "../../../support/opencode2-program.js";
import { startOpencode2Server } from "../../../support/opencode2-server.js";

const LONG_AGO = 1_700_000_000_000;

async function serve(...sessions: readonly Session2[]) {
  const server = await startOpencode2Server({ password: "hush", sessions });
  onTestFinished(() => server.close());
  return server.connection;
}

function sessionOf(...messages: readonly object[]): Session2 {
  return {
    info: { id: "ses_1", location: { directory: "/a" }, time: { created: LONG_AGO, updated: LONG_AGO } },
    messages: messages.map((message, at) => ({
      id: `msg_${at}`,
      type: "user",
      time: { created: LONG_AGO },
      ...message,
    })),
  };
}

const user = { type: "user", text: "Go." };
const idle = { type: "idle", outcome: "succeeded" };
const answerAt = (completed: number | undefined, finish = "stop", more = {}) => ({
  type: "assistant",
  content: [],
  finish,
  time: { created: LONG_AGO, ...(completed === undefined ? {} : { completed }) },
  ...more,
});
const now = Date.now();
const switched = { type: "model-switched", model: { id: "m", providerID: "p" } };

test.each([
  ["nothing", [], "at-rest", undefined],
  ["a prompt", [user], "unanswered", "msg_0"],
  ["an answer that comes in", [user, answerAt(undefined)], "at-work", "msg_1"],
  ["an answer and the word that it is idle", [user, answerAt(now), idle], "at-rest", "msg_2"],
  ["an answer of a preview, which says no more", [user, answerAt(now)], "at-rest", "msg_1"],
  ["tools that have just run", [user, answerAt(now, "tool-calls")], "at-work", "msg_1"],
  ["tools that ran long ago", [user, answerAt(LONG_AGO, "tool-calls")], "at-rest", "msg_1"],
  [
    "an error after tools",
    [user, answerAt(now, "tool-calls", { error: { type: "aborted", message: "" } })],
    "at-rest",
    "msg_1",
  ],
  [
    "a result that comes later",
    [user, answerAt(now), idle, { type: "synthetic", text: "done" }],
    "unanswered",
    "msg_3",
  ],
  ["a compaction at work", [user, { type: "compaction", status: "running" }], "at-work", "msg_1"],
  ["a compaction of long ago", [user, { type: "compaction", status: "completed" }], "at-rest", "msg_1"],
  [
    "what nobody answers, after an answer",
    [user, answerAt(now), idle, switched, { type: "shell" }],
    "at-rest",
    "msg_2",
  ],
])("after %s", async (_, messages, state, messageId) => {
  expect(await endOfSession2(await serve(sessionOf(...messages)), "ses_1")).toEqual({ state, messageId });
});

test("a session that is not there", async () => {
  await expect(endOfSession2(await serve(), "ses_1")).rejects.toThrow(SessionNotFoundError);
});

test("recorded sessions are at rest, but for those whose opencode was killed", async () => {
  const sessions = opencode2Names.map((name) => ({ name, session: JSON.parse(loadOpencode2(name).text) as Session2 }));
  const ends = sessions.map(async ({ name, session }) => [
    name,
    (await endOfSession2(await serve(session), session.info.id)).state,
  ]);
  const others = (await Promise.all(ends)).filter(([, state]) => state !== "at-rest");
  expect(others).toEqual([
    ["killed-server-tool@2026-07-20", "at-work"],
    ["killed-server@2026-07-20", "at-work"],
  ]);
});

test("a store is asked over a server of 2 as over one of 1.x", async () => {
  const killed = loadOpencode2("killed-server@2026-07-20");
  const { info, messages }: Session2 = JSON.parse(killed.text);
  const store = await storeServer({ connection: await serve({ info, messages }), generation: 2 });
  const { signal } = new AbortController();
  const { updated = 0 } = killed.session.info.time;
  expect(await store.list({ since: updated, limit: 10, signal })).toMatchObject([
    { id: info.id, directory: "/home/dev/project", updated },
  ]);
  expect(await store.list({ since: updated + 1, limit: 10, signal })).toEqual([]);
  expect(await store.endOf(info.id, signal)).toMatchObject({ state: "at-work" });
  expect((await store.read(info.id, signal)).tree.session).toEqual(killed.session);
});
