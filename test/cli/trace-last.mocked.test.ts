import { dirname } from "node:path";
import { expect, test, vi } from "vitest";
import { sessionCounter } from "../../src/cli/session-counter.js";
import type { TracedAll } from "../../src/cli/trace-each.js";
import { looptrace } from "../support/cli.js";
import { temporaryStore } from "../support/temporary-store.js";

const ID = "ses_e03b66d38ffe7m0arJ0ehJm9sO";

/** What was to be read. */
const read = vi.hoisted((): (readonly string[])[] => []);

vi.mock("../../src/sessions/select-sessions.js", () => ({ selectSessions: async () => [ID] }));
vi.mock("../../src/cli/trace-each.js", () => ({
  sentBefore: async () => ({ has: () => true, note: () => undefined }),
  traceEach: async (wanted: readonly string[]): Promise<TracedAll> => {
    read.push(wanted);
    const counter = sessionCounter({ err: () => undefined, errIsTty: false, errWidth: 80 }, wanted.length);
    const printed = { print: () => undefined, end: () => undefined };
    return { ...{ seen: 0, open: 0, failed: [], reports: [] }, stopped: undefined, printed, counter };
  },
}));

test("of all sessions those that were sent before are skipped, and the last one, asked for alone, is not", async () => {
  const { root } = await temporaryStore();
  const around = { env: { HOME: dirname(root), LOOPTRACE_HOME: root }, cwd: dirname(root) };
  const all = await looptrace(["trace", "--all"], around);
  expect(all.stderr).toContain("1 session was skipped");
  const last = await looptrace(["trace", "--last"], around);
  expect(last.stderr).not.toContain("skipped");
  expect(read).toEqual([[], [ID]]);
});
