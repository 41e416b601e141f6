import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { collectSessions } from "../../../src/opencode/cli/export-session.js";
import { connect } from "../../../src/opencode/server/connection.js";
import { followEvents } from "../../../src/opencode/server/event-stream.js";
import { followSessions } from "../../../src/opencode/server/follow-sessions.js";
import { patientFetch } from "../../../src/opencode/server/patient-fetch.js";
import { readSessionFrom } from "../../../src/opencode/server/read-session.js";
import { loadFixture } from "../../support/fixtures.js";
import { type Hostility, hostileServer } from "../../support/hostile-server.js";
import { saveAsItIs } from "../../support/kept-store.js";
import { scriptedServer } from "../../support/scripted-server.js";
import { temporaryStore } from "../../support/temporary-store.js";
import { until } from "../../support/until.js";

const { session } = loadFixture("plain-answer@1.18.33");

async function at(hostility: Hostility): Promise<string> {
  const server = await hostileServer(hostility);
  onTestFinished(() => server.close());
  return server.url;
}

async function following(url: string) {
  const ending = new AbortController();
  const notes: string[] = [];
  const onIdle = async (): Promise<void> => undefined;
  const followed = followSessions({ url }, { signal: ending.signal, onIdle, onNote: (note) => notes.push(note) });
  const end = async (): Promise<void> => {
    ending.abort();
    await followed.ended;
  };
  onTestFinished(end);
  return { followed, notes, end };
}

test.each([
  "a line without an end",
  "an event of lines without an end",
  "a stream that is packed a thousandfold",
] as const)("%s: the stream is given up, and that is said", async (hostility) => {
  const url = await at(hostility);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const troubles: string[] = [];
  await followEvents(
    { url },
    {
      signal: ending.signal,
      onEvent: () => undefined,
      onTrouble: ({ kind, message, failures }) => {
        troubles.push(`${kind} ${failures}: ${message}`);
        ending.abort();
      },
    },
  );
  expect(troubles).toEqual([
    expect.stringMatching(
      /^not-events [01]: (?:it sends an event of more than 67108864 characters|its events are packed \(gzip\))/,
    ),
  ]);
});

test("an answer without an end is broken off", async () => {
  const url = await at("messages without an end");
  const answer = await patientFetch(new Request(`${url}/session/ses_1/message`), 5 * 1024 * 1024);
  await expect(answer.text()).rejects.toThrow("the answer is longer than 5 MB");
});

test("headers without an end are no answer", async () => {
  const url = await at("headers without an end");
  await expect(patientFetch(new Request(url))).rejects.toThrow("Header overflow");
});

test("an answer that is nested without an end cannot be read, and that is all", async () => {
  const client = await connect({ url: await at("answers that are nested without an end") });
  await expect(readSessionFrom(client, "ses_hostile")).rejects.toThrow("its answer is nested too deeply");
});

test("subagents without an end are left out at some time", async () => {
  const client = await connect({ url: await at("children without an end") });
  const childrenOf = async (id: string) => {
    const { data } = await client.session.children({ sessionID: id });
    return (data ?? []).map((child) => child.id);
  };
  const { raw, notes } = await collectSessions("ses_hostile", {
    read: async (id) => ({ text: "{}", session: { ...session, info: { ...session.info, id } } }),
    childrenOf,
    mostSessions: 50,
  });
  expect(raw.size).toBe(50);
  expect(notes).toEqual(["The session ses_hostile has more than 49 subagents' sessions; the others are left out."]);
});

test("of parents in a circle none is looked for without an end", async () => {
  const { followed, end } = await following(await at("parents in a circle"));
  await until(() => followed.mirror.size > 0);
  await end();
});

test("more sessions than can be at work are let go of, and that is not told without an end", async () => {
  const { followed, notes, end } = await following(await at("sessions without an end"));
  await until(() => notes.length > 50);
  expect(followed.mirror.size).toBeLessThanOrEqual(501);
  expect(notes[0]).toMatch(
    /^The session ses_flood\d+ is not followed any further: the server has told more than 500 sessions/,
  );
  await until(() => notes.length === 51);
  await end();
  expect(notes).toHaveLength(51);
  expect(notes.at(-1)).toBe("What else goes wrong with this server's sessions is not told any more.");
});

test("a session that grows beyond what can be held is let go of", async () => {
  const { followed, notes, end } = await following(await at("a part that grows without an end"));
  await until(() => notes.length > 0);
  expect(notes[0]).toMatch(
    /^The session ses_hostile is not followed any further: the server has told more than 128 MB/,
  );
  expect(followed.mirror.size).toBe(0);
  await end();
});

test("a session whose id is a path is none, and names no file", async () => {
  const server = await scriptedServer({});
  const { followed } = await following(server.url);
  await server.streaming;
  const info = (id: string) => ({ id, title: "t", directory: "/a", time: { created: 1, updated: 2 } });
  for (const id of ["../../escaped", "ses_../x", "ses_1/../../x", "", "ses_", "ses_fine"])
    server.tell("session.created", { info: info(id) });
  await until(() => followed.mirror.size > 0);
  expect([...followed.mirror.keys()]).toEqual(["ses_fine"]);
  const paths = await temporaryStore();
  for (const snapshot of [
    { rootId: "../../escaped", raw: new Map() },
    { rootId: "ses_1", raw: new Map([["../../escaped", "{}"]]) },
  ])
    await expect(saveAsItIs(paths, snapshot)).rejects.toThrow('"../../escaped" is no session\'s id');
  expect(await readdir(dirname(paths.root))).toEqual([]);
});
