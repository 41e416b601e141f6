import { expect, test } from "vitest";
import type { ServerEvent } from "../../../src/opencode/schema/server-event.js";
import { createRestWatch } from "../../../src/opencode/server/rest-watch.js";

const SESSION = "ses_1";

function status(type: "busy" | "idle", sessionID = SESSION): ServerEvent {
  return { type: "session.status", properties: { sessionID, status: { type } }, at: 1, size: 1 };
}

test("a rest counts when the session was at work before, since the prompt", async () => {
  const watch = createRestWatch(SESSION);
  watch.take(status("busy"));
  watch.begin();
  watch.take(status("idle"));
  expect(watch.isTold()).toBe(false);
  expect(await watch.isToldWithin(1)).toBe(false);
  watch.take(status("busy", "ses_2"));
  watch.take(status("idle"));
  expect(watch.isTold()).toBe(false);
  watch.take(status("busy"));
  watch.take(status("idle", "ses_2"));
  expect(watch.isTold()).toBe(false);
  watch.take(status("idle"));
  expect(watch.isTold()).toBe(true);
  expect(await watch.isToldWithin(60_000)).toBe(true);
});

test("what goes on after a rest is at work again, and so is the next prompt", () => {
  const watch = createRestWatch(SESSION);
  watch.take(status("busy"));
  watch.take(status("idle"));
  watch.take(status("busy"));
  expect(watch.isTold()).toBe(false);
  watch.take(status("idle"));
  watch.begin();
  expect(watch.isTold()).toBe(false);
});

test("it is waited for no longer than until it is told", async () => {
  const watch = createRestWatch(SESSION);
  watch.take(status("busy"));
  const told = watch.isToldWithin(1_000_000);
  watch.take(status("idle"));
  expect(await told).toBe(true);
});
