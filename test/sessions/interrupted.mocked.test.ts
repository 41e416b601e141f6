import { expect, test, vi } from "vitest";
import { loadSessions } from "../../src/sessions/load-sessions.js";
import { temporaryStore } from "../support/temporary-store.js";

const interrupt = vi.hoisted(() => new AbortController());

/** Each session fails: the first one by itself, and the others by being broken off. */
vi.mock("../../src/sessions/find-session.js", () => ({
  findSession: async (id: string) => {
    if (id === "ses_1") throw new Error("no such session");
    if (id === "ses_2") setImmediate(() => interrupt.abort(new Error("interrupted by SIGINT")));
    return await new Promise((_, reject) => {
      interrupt.signal.addEventListener("abort", () => reject(interrupt.signal.reason));
    });
  },
}));

test("sessions whose reading an interrupt breaks off are left, and have not failed", async () => {
  const unreadable: string[] = [];
  await loadSessions(
    ["ses_1", "ses_2", "ses_3", "ses_4", "ses_5", "ses_6"],
    {
      environment: {},
      directory: "/nowhere",
      paths: await temporaryStore(),
      prefer: "opencode",
      readStdin: async () => "",
      signal: interrupt.signal,
      onUnreadable: (error, source) => unreadable.push(`${source}: ${error}`),
    },
    () => undefined,
  );
  expect(unreadable).toEqual(["ses_1: Error: no such session"]);
});
