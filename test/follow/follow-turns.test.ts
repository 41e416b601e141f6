import { expect, onTestFinished, test } from "vitest";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { followServer } from "../../src/follow/follow-turns.js";
import { langfuseAt } from "../support/destinations.js";
import { until } from "../support/play-on-server.js";
import { startReceiver } from "../support/receiver.js";
import { scriptedServer } from "../support/scripted-server.js";
import { turn } from "../support/scripted-turn.js";
import { temporaryStore } from "../support/temporary-store.js";

test("a caller's failure over one turn keeps no other turn from being sent, and is told at the end", async () => {
  const now = Date.now();
  const messages = (id: string) => turn(id, now, { at: now + 10 });
  const server = await scriptedServer({
    ses_a: { directory: "/a", updated: now, messages: messages("1") },
    ses_b: { directory: "/a", updated: now, messages: messages("2") },
  });
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const ending = new AbortController();
  const stored: boolean[] = [];
  let isConnected = false;
  const followed = followServer({
    url: server.url,
    signal: ending.signal,
    exporter: new TraceExporter({ destinations: [langfuseAt(receiver.url)], paths }),
    store: paths,
    live: false,
    onConnected: () => {
      isConnected = true;
    },
    onTurn: (_, isStored) => void stored.push(isStored),
    onDelivery: () => {
      throw new Error("the caller's own");
    },
  });
  const end = expect(followed).rejects.toThrow("the caller's own");
  await until(() => isConnected);
  for (const [sessionID, count] of [
    ["ses_a", 1],
    ["ses_b", 2],
  ] as const) {
    server.tell("session.status", { sessionID, status: { type: "busy" } });
    server.tell("session.idle", { sessionID });
    await until(() => stored.length === count);
  }
  ending.abort();
  await end;
  expect(stored).toEqual([true, true]);
  expect(new Set(receiver.spans().map(({ traceId }) => traceId)).size).toBe(2);
});

test("what is sent of a turn that is at work is told as well", async () => {
  const now = Date.now();
  const messages = turn("1", now, { at: now + 10 }, { at: now + 500 });
  const server = await scriptedServer({ ses_a: { directory: "/a", updated: now, messages } });
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const ending = new AbortController();
  const told: number[] = [];
  let isConnected = false;
  const followed = followServer({
    url: server.url,
    signal: ending.signal,
    exporter: new TraceExporter({ destinations: [langfuseAt(receiver.url)], paths }),
    store: paths,
    onConnected: () => {
      isConnected = true;
    },
    onDelivery: (reports) => void told.push(...reports.map(({ acknowledged }) => acknowledged)),
  });
  await until(() => isConnected);
  server.tell("session.status", { sessionID: "ses_a", status: { type: "busy" } });
  await until(() => receiver.spans().length > 0);
  ending.abort();
  await followed;
  expect(told.reduce((sum, spans) => sum + spans, 0)).toBe(receiver.spans().length);
});

test("what could not be sent of a turn is sent at the end, where the destination is back by then", async () => {
  const now = Date.now();
  const server = await scriptedServer({
    ses_a: { directory: "/a", updated: now, messages: turn("1", now, { at: now + 10 }) },
  });
  const receiver = await startReceiver({ always: { kind: "status", status: 404 } });
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const ending = new AbortController();
  const waiting: number[] = [];
  let isConnected = false;
  const followed = followServer({
    url: server.url,
    signal: ending.signal,
    exporter: new TraceExporter({ destinations: [langfuseAt(receiver.url)], paths }),
    store: paths,
    live: false,
    onConnected: () => {
      isConnected = true;
    },
    onDelivery: (reports) => void waiting.push(...reports.map(({ pending }) => pending.spans)),
  });
  await until(() => isConnected);
  server.tell("session.status", { sessionID: "ses_a", status: { type: "busy" } });
  server.tell("session.idle", { sessionID: "ses_a" });
  await until(() => waiting.length === 1);
  expect(receiver.spans()).toEqual([]);
  receiver.behave({});
  ending.abort();
  await followed;
  expect(receiver.spans().map(({ name }) => name)).toContain("opencode.loop");
  expect(waiting).toEqual([expect.any(Number), 0]);
  expect(waiting[0]).toBeGreaterThan(0);
});
