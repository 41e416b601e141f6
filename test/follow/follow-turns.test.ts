import { expect, onTestFinished, test } from "vitest";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { followServer } from "../../src/follow/follow-turns.js";
import type { FollowServerOptions } from "../../src/follow/options.js";
import { langfuseAt } from "../support/destinations.js";
import { startReceiver } from "../support/receiver.js";
import { scriptedServer } from "../support/scripted-server.js";
import { turn } from "../support/scripted-turn.js";
import { temporaryStore } from "../support/temporary-store.js";
import { until } from "../support/until.js";

/** Follows a scripted server until `end` is called, and sends what is told to a receiver. */
async function following(
  sessions: Parameters<typeof scriptedServer>[0],
  options: Partial<FollowServerOptions>,
  behaviour?: Parameters<typeof startReceiver>[0],
) {
  const server = await scriptedServer(sessions);
  const receiver = await startReceiver(behaviour);
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const ending = new AbortController();
  let isConnected = false;
  const followed = followServer({
    url: server.url,
    signal: ending.signal,
    exporter: new TraceExporter({ destinations: [langfuseAt(receiver.url)], paths }),
    store: paths,
    onConnected: () => {
      isConnected = true;
    },
    ...options,
  });
  // What it ends with is the test's to look at; until then it is no failure of the process.
  followed.catch(() => undefined);
  await until(() => isConnected);
  return { server, receiver, followed, end: () => ending.abort() };
}

test("a caller's failure over one turn keeps no other turn from being sent, and is told at the end", async () => {
  const now = Date.now();
  const messages = (id: string) => turn(id, now, { at: now + 10 });
  const stored: boolean[] = [];
  const { server, receiver, followed, end } = await following(
    {
      ses_a: { directory: "/a", updated: now, messages: messages("1") },
      ses_b: { directory: "/a", updated: now, messages: messages("2") },
    },
    {
      live: false,
      onTurn: (_, isStored) => void stored.push(isStored),
      onDelivery: () => {
        throw new Error("the caller's own");
      },
    },
  );
  for (const [sessionID, count] of [
    ["ses_a", 1],
    ["ses_b", 2],
  ] as const) {
    server.tell("session.status", { sessionID, status: { type: "busy" } });
    server.tell("session.idle", { sessionID });
    await until(() => stored.length === count);
  }
  end();
  await expect(followed).rejects.toThrow("the caller's own");
  expect(stored).toEqual([true, true]);
  expect(new Set(receiver.spans().map(({ traceId }) => traceId)).size).toBe(2);
});

test("what is sent of a turn that is at work is told as well", async () => {
  const now = Date.now();
  const messages = turn("1", now, { at: now + 10 }, { at: now + 500 });
  const told: number[] = [];
  const { server, receiver, followed, end } = await following(
    { ses_a: { directory: "/a", updated: now, messages } },
    { onDelivery: (reports) => void told.push(...reports.map(({ acknowledged }) => acknowledged)) },
  );
  server.tell("session.status", { sessionID: "ses_a", status: { type: "busy" } });
  await until(() => receiver.spans().length > 0);
  end();
  await followed;
  expect(told.reduce((sum, spans) => sum + spans, 0)).toBe(receiver.spans().length);
});

test("what could not be sent of a turn is sent at the end, where the destination is back by then", async () => {
  const now = Date.now();
  const waiting: number[] = [];
  const { server, receiver, followed, end } = await following(
    { ses_a: { directory: "/a", updated: now, messages: turn("1", now, { at: now + 10 }) } },
    {
      live: false,
      onDelivery: (reports) => void waiting.push(...reports.map(({ pending }) => pending.spans)),
    },
    { always: { kind: "status", status: 404 } },
  );
  server.tell("session.status", { sessionID: "ses_a", status: { type: "busy" } });
  server.tell("session.idle", { sessionID: "ses_a" });
  await until(() => waiting.length === 1);
  expect(receiver.spans()).toEqual([]);
  receiver.behave({});
  end();
  await followed;
  expect(receiver.spans().map(({ name }) => name)).toContain("opencode.loop");
  expect(waiting).toEqual([expect.any(Number), 0]);
  expect(waiting[0]).toBeGreaterThan(0);
});
