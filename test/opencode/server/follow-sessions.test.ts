import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { followSessions } from "../../../src/opencode/server/follow-sessions.js";
import type { FollowServerHooks } from "../../../src/opencode/server/followed-server.js";
import { type ScriptedSession, scriptedServer } from "../../support/scripted-server.js";
import { onTestFinished, sideBySide } from "../../support/side-by-side.js";
import { until } from "../../support/until.js";

sideBySide();

async function following(url: string, more: Partial<FollowServerHooks> = {}) {
  const ending = new AbortController();
  const seen = { idle: [] as string[], connects: 0, notes: [] as string[] };
  const followed = followSessions(
    { url },
    {
      signal: ending.signal,
      onIdle: async (id) => void seen.idle.push(id),
      onConnected: () => {
        seen.connects += 1;
      },
      onNote: (note) => void seen.notes.push(note),
      ...more,
    },
  );
  onTestFinished(async () => {
    ending.abort();
    await followed.ended;
  });
  await until(() => seen.connects === 1);
  return { seen, followed };
}

const unanswered = (sessionID: string) => ({
  info: { id: "msg_1", role: "user", sessionID, time: { created: 1 } },
  parts: [],
});
const busy = (sessionID: string) => ["session.status", { sessionID, status: { type: "busy" } }] as const;
const idle = (sessionID: string) => ["session.idle", { sessionID }] as const;

afterEach(() => void vi.useRealTimers());

test.concurrent("what has been at work without a word for long is so still after an interruption", async () => {
  const now = Date.now();
  const server = await scriptedServer({
    ses_long: { directory: "/a", updated: now - 600_000 },
    ses_other: { directory: "/b", updated: now },
  });
  const { seen, followed } = await following(server.url);
  server.busy.add("ses_long");
  server.tell(...busy("ses_long"));
  server.tell(...busy("ses_other"));
  server.tell(...idle("ses_other"));
  await until(() => seen.idle.length === 1);
  server.cut();
  await until(() => seen.connects === 2);
  expect(followed.mirror.has("ses_long")).toBe(true);
  server.busy.delete("ses_long");
  server.tell(...idle("ses_long"));
  await until(() => seen.idle.includes("ses_long"));
  expect(seen.idle.filter((id) => id === "ses_long")).toHaveLength(1);
});

test.concurrent("a turn that begins before a server listens that calls itself connected is found", async () => {
  const server = await scriptedServer({
    ses_a: { directory: "/a", updated: Date.now(), messages: [unanswered("ses_a")] },
  });
  // Its event is told to nobody.
  void server.streaming.then(() => sleep(100)).then(() => server.busy.add("ses_a"));
  const { seen, followed } = await following(server.url);
  expect(followed.mirror.has("ses_a")).toBe(true);
  server.tell(...idle("ses_a"));
  await until(() => seen.idle.length === 1);
});

test.concurrent("a session that cannot be read when its turn begins is read when it ends, and at the next one", async () => {
  const server = await scriptedServer({ ses_a: { directory: "/a", updated: 1 } });
  const { seen } = await following(server.url);
  server.failing.set("/session/ses_a/message", 1);
  server.tell(...busy("ses_a"));
  await until(() => seen.notes.length === 1);
  server.tell(...busy("ses_a"));
  server.tell(...idle("ses_a"));
  await until(() => seen.idle.length === 1);
  server.tell(...busy("ses_a"));
  server.tell(...idle("ses_a"));
  await until(() => seen.idle.length === 2);
  expect(seen.notes).toHaveLength(1);
});

test.concurrent("a server that is not quite there after an interruption is asked again for what was missed", async () => {
  const sessions = { ses_a: { directory: "/a", updated: 1 } };
  const server = await scriptedServer(sessions);
  const { seen } = await following(server.url);
  server.tell(...busy("ses_a"));
  sessions.ses_a.updated = Date.now();
  server.failing.set("/experimental/session", 1);
  server.cut();
  await until(() => seen.connects === 2);
  expect([seen.idle, seen.notes]).toEqual([["ses_a"], []]);
});

test.concurrent("a wanted session that is not there is told once, and followed when it comes", async () => {
  const sessions: Record<string, ScriptedSession> = {};
  const server = await scriptedServer(sessions);
  const { seen } = await following(server.url, { session: "ses_later" });
  expect(seen.notes).toEqual(["The server has no session ses_later (yet); waiting for it."]);
  server.cut();
  await until(() => seen.connects === 2);
  sessions.ses_later = { directory: "/a", updated: Date.now() };
  server.tell(...busy("ses_later"));
  server.tell(...idle("ses_later"));
  await until(() => seen.idle.length === 1);
  expect(seen.notes).toHaveLength(1);
});

test.concurrent("a wanted session that is a subagent's is never followed, and which one is, is told", async () => {
  const server = await scriptedServer({
    ses_parent: { directory: "/a", updated: 1 },
    ses_child: { directory: "/a", parentID: "ses_parent", updated: 1 },
  });
  const { seen } = await following(server.url, { session: "ses_child" });
  expect(seen.notes).toEqual([
    "The session ses_child is a subagent's and is traced with the one that it belongs to: follow ses_parent.",
  ]);
});

test.concurrent("a wanted session of another directory than the followed one is told", async () => {
  const server = await scriptedServer({ ses_a: { directory: "/a", updated: 1 } });
  const { seen } = await following(server.url, { session: "ses_a", directory: "/b" });
  expect(seen.notes).toEqual(["The session ses_a belongs to /a, and only what happens in /b is followed."]);
});

test.concurrent("a wanted session that is there needs no word, and is followed also where it could not be asked for", async () => {
  const server = await scriptedServer({
    ses_a: { directory: "/a", updated: Date.now(), messages: [unanswered("ses_a")] },
  });
  server.busy.add("ses_a");
  server.failing.set("/session/ses_a", 1);
  const { seen, followed } = await following(server.url, { session: "ses_a" });
  expect([seen.notes, followed.mirror.has("ses_a")]).toEqual([[], true]);
});

// By itself, for the clock is the same for all.
test("a turn that came and went while nobody listened is told, also when nothing had been told before", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000_000_000 });
  const sessions = { ses_a: { directory: "/a", updated: 1 } };
  const server = await scriptedServer(sessions);
  const { seen } = await following(server.url);
  sessions.ses_a.updated = Date.now() + 1_000;
  vi.setSystemTime(Date.now() + 600_000);
  server.cut();
  await until(() => seen.connects === 2);
  expect(seen.idle).toEqual(["ses_a"]);
});
