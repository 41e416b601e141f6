import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { claimToken } from "../../src/files/claim-token.js";
import { turnFinder } from "../../src/follow/turn-finder.js";
import { storeServer } from "../../src/opencode/store/store-server.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { type ScriptedSession, scriptedServer } from "../support/scripted-server.js";
import { message, turn } from "../support/scripted-turn.js";
import { temporaryStore } from "../support/temporary-store.js";

const HOUR_MS = 3_600_000;

async function finding(sessions: Record<string, ScriptedSession>, since: number, only?: string) {
  const server = await scriptedServer(sessions);
  const told: LoopTrace[] = [];
  const notes: string[] = [];
  const paths = await temporaryStore();
  let at = Date.now();
  const finder = turnFinder({
    // Between two looks so much has passed that all that is pending is asked.
    clock: () => at,
    ...{ environment: { HOME: "/nonexistent" }, since, masking: undefined, only },
    paths,
    signal: new AbortController().signal,
    onNote: (note) => notes.push(note),
    onTurn: (trace) => told.push(trace),
  });
  const store = await storeServer({ connection: { url: server.url }, generation: 1 });
  return {
    server,
    told,
    notes,
    paths,
    look: (afterMs = 10_000) => {
      at += afterMs;
      return finder.look(store);
    },
  };
}

test("all sessions since then are found, however many", async () => {
  const now = Date.now();
  const sessions: Record<string, ScriptedSession> = {};
  for (let index = 0; index < 210; index += 1) sessions[`ses_${index}`] = { directory: "/b", updated: now - index };
  const oldest = {
    directory: "/a",
    updated: now - 60_000,
    messages: turn("1", now - 61_000, { at: now - 60_500 }),
  };
  // The others are of another project: each would be read by itself.
  const { told, look } = await finding({ ...sessions, ses_oldest: oldest }, now - HOUR_MS, "/a");
  expect(await look()).toBe(Number.POSITIVE_INFINITY);
  expect(told.map(({ session }) => session.id)).toEqual(["ses_oldest"]);
});

test("a session that is gone or cannot be read is in no other's way", async () => {
  const now = Date.now();
  const atWork = turn("1", now - 2_000, { at: now - 1_900, broken: true });
  const sessions: Record<string, ScriptedSession> = {
    ses_gone: { directory: "/a", updated: now, messages: atWork },
    ses_bad: { directory: "/a", updated: now - 1, messages: [{ info: { id: "msg_1" }, parts: [] }] },
  };
  const { told, notes, look } = await finding(sessions, now - HOUR_MS);
  await look();
  delete sessions.ses_gone;
  sessions.ses_good = {
    directory: "/a",
    updated: now - 2,
    messages: turn("2", now - 9_000, { at: now - 8_000 }),
  };
  await look();
  await look();
  expect(told.map(({ session }) => session.id)).toEqual(["ses_good"]);
  expect(notes).toEqual([expect.stringContaining("ses_bad")]);
});

test("a turn that is at work for more than an hour is not over, and one that went on is told again", async () => {
  const now = Date.now();
  const from = now - 3 * HOUR_MS;
  const long: ScriptedSession = {
    ...{ directory: "/a", updated: from },
    messages: turn("1", from, { at: from, finish: "tool-calls" }, { at: now - 60_000, broken: true }),
  };
  const { told, look } = await finding({ ses_long: long }, from - 1);
  await look();
  expect(told).toEqual([]);
  // Nothing for more than an hour: a person was asked, and has answered after all.
  const quiet = turn("1", from, { at: from, finish: "tool-calls" }, { at: from + 500, broken: true });
  long.messages = quiet;
  await look();
  expect(told.map(({ loop }) => loop.steps.length)).toEqual([2]);
  long.messages = [
    ...quiet.slice(0, 2),
    ...turn("1", from, { at: from }, { at: from + 500 }, { at: now - 20_000 }).slice(2),
  ];
  long.updated = now;
  await look();
  await look();
  expect(told.map(({ loop }) => loop.steps.length)).toEqual([2, 3]);
});

test("after a refused permission, where nothing follows the tools, the turn is over", async () => {
  const now = Date.now();
  const ended = turn("1", now - 31_000, { at: now - 30_000, finish: "tool-calls" });
  const { told, look } = await finding({ ses_a: { directory: "/a", updated: now, messages: ended } }, now - HOUR_MS);
  await look();
  expect(told).toHaveLength(1);
});

test("a session without a message is not read: there is no turn in it", async () => {
  const now = Date.now();
  const session: ScriptedSession = { directory: "/a", updated: now, messages: [] };
  const { server, told, look } = await finding({ ses_a: session }, now - HOUR_MS);
  server.failing.set("/session/ses_a", 1);
  expect(await look()).toBe(Number.POSITIVE_INFINITY);
  expect(server.failing.get("/session/ses_a")).toBe(1);
  session.messages = turn("1", now - 9_000, { at: now - 8_000 });
  session.updated = now + 1;
  await look();
  await look();
  expect(told.map(({ loop }) => loop.userMessageId)).toEqual(["msg_1"]);
});

test("those of one directory are found without asking opencode for it, which would load its project", async () => {
  const now = Date.now();
  const messages = turn("1", now - 9_000, { at: now - 8_000 });
  const sessions = {
    ses_a: { directory: "/a", updated: now, messages },
    ses_b: { directory: "/b", updated: now, messages },
  };
  const { server, told, notes, look } = await finding(sessions, now - HOUR_MS, "/a");
  server.failing.set("/session", 1);
  await look();
  expect([told.map(({ session }) => session.id), notes]).toEqual([["ses_a"], []]);
});

test("a turn whose looptrace was killed is over, but not one that somebody else has begun in the session since", async () => {
  const now = Date.now();
  const broken = turn("1", now - 31_000, { at: now - 30_000, broken: true });
  const session: ScriptedSession = { directory: "/a", updated: now - 30_000, messages: broken };
  const { told, look, paths } = await finding({ ses_left: session }, now - HOUR_MS);
  await look();
  expect(told).toEqual([]);
  const [, start, host, boot, space] = claimToken().split("-");
  const owner = {
    token: ["4c4b3f", start, host, boot, space].join("-"),
    mark: randomUUID(),
    id: "r",
    attempt: 0,
  };
  await mkdir(paths.sessions, { recursive: true });
  await writeFile(
    join(paths.sessions, "ses_left.owner-r-0.json"),
    JSON.stringify({ ...owner, startedAt: now - 32_000 }),
  );
  await look();
  expect(told.map(({ loop }) => [loop.userMessageId, loop.error?.code])).toEqual([["msg_1", "aborted"]]);
  session.messages = [...broken, ...turn("2", now - 21_000, { at: now - 20_000, broken: true })];
  session.updated = now - 20_000;
  await look();
  await look();
  expect(told).toHaveLength(1);
});

const inputsOf = (told: readonly LoopTrace[]) =>
  told.map(({ loop }) => loop.steps[0]?.call?.input.map(({ content }) => content));

test("a turn is over although a plugin's notices stand behind it", async () => {
  const now = Date.now();
  const notices = Array.from({ length: 12 }, (_, index) => message(`9${index}`, now - 5_000, "pruned", true));
  const messages = [...turn("1", now - 9_000, { at: now - 8_000 }), ...notices];
  const { told, look } = await finding({ ses_a: { directory: "/a", updated: now, messages } }, now - HOUR_MS);
  expect(await look()).toBe(Number.POSITIVE_INFINITY);
  expect(inputsOf(told)).toEqual([["Go."]]);
});

test("a turn is over although a message without an answer stands behind it, which is told with the next one", async () => {
  const now = Date.now();
  const before = turn("1", now - 90_000, { at: now - 80_000 });
  const context = message("2", now - 60_000, "Some context.");
  const session: ScriptedSession = { directory: "/a", updated: now - 60_000, messages: [...before, context] };
  const { told, look } = await finding({ ses_a: session }, now - HOUR_MS);
  await look();
  await look();
  expect(inputsOf(told)).toEqual([["Go."]]);
  session.messages = [...before, context, ...turn("3", now - 20_000, { at: now - 19_000 })];
  session.updated = now - 19_000;
  await look();
  expect(inputsOf(told)).toEqual([["Go."], ["Some context.", "Go."]]);
});

test("a turn at work with a prompt waiting behind it is not over", async () => {
  const now = Date.now();
  const atWork = turn(
    "1",
    now - 60_000,
    { at: now - 59_000, finish: "tool-calls" },
    { at: now - 50_000, broken: true },
  );
  const messages = [...atWork, message("2", now - 40_000, "And then?")];
  const { told, look } = await finding({ ses_a: { directory: "/a", updated: now, messages } }, now - HOUR_MS);
  expect(await look()).toBeGreaterThan(0);
  expect(told).toEqual([]);
});

test("a prompt whose id a client made by a clock that is ahead is a turn like any other", async () => {
  const now = Date.now();
  const ahead = `${((BigInt(now) + 4_000n) * 0x1000n).toString(16).slice(-12)}AAAAAAAAAAAAAA`;
  const messages = turn(ahead, now - 9_000, { at: now - 8_000 });
  const { told, look } = await finding({ ses_a: { directory: "/a", updated: now, messages } }, now - HOUR_MS);
  await look();
  expect(told.map(({ loop }) => loop.userMessageId)).toEqual([`msg_${ahead}`]);
});
