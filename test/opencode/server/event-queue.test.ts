import { expect, test } from "vitest";
import type { ServerEvent } from "../../../src/opencode/schema/server-event.js";
import { eventQueue } from "../../../src/opencode/server/event-queue.js";

const delta = (sessionID: string, partID: string, text: string, at: number, field = "text"): ServerEvent => ({
  type: "message.part.delta",
  properties: { sessionID, messageID: "msg_1", partID, field, delta: text },
  ...{ at, size: 100 },
});
const idle = (sessionID: string, at: number): ServerEvent => ({ type: "session.idle", properties: { sessionID }, at });

async function taken(queue: ReturnType<typeof eventQueue>, count: number): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (let index = 0; index < count; index += 1) all.push(await queue.next());
  return all;
}

test("pieces of one text that wait become one, with the last one's time and the size of all", async () => {
  const queue = eventQueue(10, AbortSignal.timeout(10_000));
  queue.push(delta("ses_a", "prt_1", "on", 1));
  queue.push(delta("ses_b", "prt_9", "other", 2));
  queue.push(delta("ses_a", "prt_1", "e ", 3));
  queue.push(delta("ses_a", "prt_1", "text", 4));
  queue.push(idle("ses_c", 5));
  expect(await taken(queue, 3)).toEqual([
    { ...delta("ses_a", "prt_1", "one text", 4), size: 300 },
    delta("ses_b", "prt_9", "other", 2),
    idle("ses_c", 5),
  ]);
});

test("nothing is joined across another event of the session, another text, or what has been taken", async () => {
  const queue = eventQueue(10, AbortSignal.timeout(10_000));
  const all = [
    delta("ses_a", "prt_1", "a", 1),
    idle("ses_a", 2),
    delta("ses_a", "prt_1", "b", 3),
    delta("ses_a", "prt_2", "c", 4),
    delta("ses_a", "prt_2", "d", 5, "other"),
  ];
  for (const event of all) queue.push(event);
  expect(await taken(queue, 5)).toEqual(all);
  queue.push(delta("ses_a", "prt_2", "e", 6, "other"));
  expect(await taken(queue, 1)).toEqual([delta("ses_a", "prt_2", "e", 6, "other")]);
});

test("nothing is joined across an interruption", async () => {
  const queue = eventQueue(10, AbortSignal.timeout(10_000));
  queue.push(delta("ses_a", "prt_1", "a", 1));
  queue.connected(false);
  queue.push(delta("ses_a", "prt_1", "b", 3));
  const [first, connected, last] = await taken(queue, 3);
  expect([first, last]).toEqual([delta("ses_a", "prt_1", "a", 1), delta("ses_a", "prt_1", "b", 3)]);
  expect(connected).toMatchObject({ type: "connected", first: false });
});

test("a text that grows without end makes its server wait all the same", async () => {
  const queue = eventQueue(3, AbortSignal.timeout(10_000));
  const much = "x".repeat(70_000);
  expect(queue.push(delta("ses_a", "prt_1", much, 1))).toBeUndefined();
  expect(queue.push(delta("ses_a", "prt_1", much, 2))).toBeUndefined();
  expect(queue.push(delta("ses_a", "prt_1", much, 3))).toBeInstanceOf(Promise);
});
