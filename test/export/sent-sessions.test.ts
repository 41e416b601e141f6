import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DestinationReport } from "../../src/deliver/delivery-report.js";
import { areSent, isUnchanged, readSentSessions } from "../../src/export/sent-sessions.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { temporaryStore } from "../support/temporary-store.js";

const DESTINATIONS = [
  { id: "one", as: "now" },
  { id: "two", as: "in another shape" },
];
const SENT = { id: "ses_a", updated: 5, below: { ses_b: 4 } };

async function storeWithFolders(): Promise<StorePaths> {
  const paths = await temporaryStore();
  for (const { id } of DESTINATIONS) await mkdir(join(paths.sent, id), { recursive: true, mode: 0o700 });
  return paths;
}

const fileOf = (paths: StorePaths, id: string) => join(paths.sent, id, "sessions.jsonl");

test("what was noted is found again, and the last note of a session counts", async () => {
  const paths = await storeWithFolders();
  const first = await readSentSessions(paths, DESTINATIONS);
  expect(first.find("ses_a")).toBeUndefined();
  first.note([SENT, { ...SENT, id: "ses_c" }]);
  first.note([{ ...SENT, updated: 9 }]);
  const second = await readSentSessions(paths, DESTINATIONS);
  expect(second.find("ses_a")).toEqual({ ...SENT, updated: 9 });
  expect(second.find("ses_c")?.updated).toBe(5);
});

test("a session counts where all destinations have it, as it would be sent now", async () => {
  const paths = await storeWithFolders();
  (await readSentSessions(paths, DESTINATIONS.slice(0, 1))).note([SENT]);
  expect((await readSentSessions(paths, DESTINATIONS)).find("ses_a")).toBeUndefined();
  expect((await readSentSessions(paths, DESTINATIONS.slice(0, 1))).find("ses_a")).toEqual(SENT);
  expect((await readSentSessions(paths, [{ id: "one", as: "otherwise" }])).find("ses_a")).toBeUndefined();
  expect((await readSentSessions(paths, [])).find("ses_a")).toBeUndefined();
});

test("damaged lines, and those cut off by a kill, count as not sent and harm no others", async () => {
  const paths = await storeWithFolders();
  for (const { id } of DESTINATIONS) await writeFile(fileOf(paths, id), '{"id":"ses_x"}\nnonsense\n{"id":"ses_a","upd');
  (await readSentSessions(paths, DESTINATIONS)).note([SENT]);
  const known = await readSentSessions(paths, DESTINATIONS);
  expect([known.find("ses_a"), known.find("ses_x")]).toEqual([SENT, undefined]);
});

test("a file of mostly old lines is written anew", async () => {
  const paths = await storeWithFolders();
  const lineFor = (as: string) => `${JSON.stringify({ ...SENT, as })}\n`;
  for (const { id, as } of DESTINATIONS) await appendFile(fileOf(paths, id), lineFor(as).repeat(11_000));
  expect((await readSentSessions(paths, DESTINATIONS)).find("ses_a")).toEqual(SENT);
  expect((await readFile(fileOf(paths, "one"), "utf8")).trim()).toBe(lineFor("now").trim());
});

test("a session has changed when its list says so, or a session below it has another moment", () => {
  const moments = new Map([["ses_b", 4]]);
  const at = (id: string) => moments.get(id);
  const untold = () => undefined;
  expect(isUnchanged(SENT, 5, at, untold)).toBe(true);
  expect(isUnchanged(SENT, 6, at, untold)).toBe(false);
  expect(isUnchanged(SENT, undefined, at, untold)).toBe(false);
  moments.set("ses_b", 5);
  expect(isUnchanged(SENT, 5, at, untold)).toBe(false);
  moments.clear();
  expect(isUnchanged(SENT, 5, at, untold)).toBe(false);
});

test("a session has changed when there is another one below it, or below one of these", () => {
  const children = new Map([[SENT.id, ["ses_b"]]]);
  const isSame = () =>
    isUnchanged(
      SENT,
      5,
      () => 4,
      (id) => children.get(id),
    );
  expect(isSame()).toBe(true);
  children.set("ses_b", ["ses_c"]);
  expect(isSame()).toBe(false);
  children.set("ses_b", []).set(SENT.id, ["ses_b", "ses_d"]);
  expect(isSame()).toBe(false);
});

const REPORT: DestinationReport = {
  destination: { id: "d", kind: "langfuse", label: "langfuse", url: "http://127.0.0.1" },
  ...{ acknowledged: 3, alreadyAcknowledged: 0, rejected: 0 },
  outdated: { settings: 0, content: 0 },
  pending: { spans: 0, requests: 0, unsavedSpans: 0 },
  ...{ beside: {}, lastError: undefined, problems: [] },
};
const scores = (counts: { readonly pending?: number; readonly unsaved?: number; readonly rejected?: number }) => ({
  beside: { scores: { acknowledged: 1, alreadyAcknowledged: 0, pending: 0, unsaved: 0, rejected: 0, ...counts } },
});

test("sessions count as sent where all is taken, at once", () => {
  expect(areSent([REPORT, REPORT])).toBe(true);
});

// Which process takes it out of the outbox later, and what becomes of it there, this one is not told.
test.each<[what: string, change: Partial<DestinationReport>]>([
  ["spans wait", { pending: { spans: 2, requests: 1, unsavedSpans: 0 } }],
  ["scores wait", scores({ pending: 1 })],
  ["spans were refused", { rejected: 1 }],
  ["scores were refused", scores({ rejected: 1 })],
  ["spans could not be stored", { pending: { spans: 2, requests: 1, unsavedSpans: 1 } }],
  ["scores could not be stored", scores({ pending: 1, unsaved: 1 })],
  ["a turn went on", { outdated: { settings: 0, content: 1 } }],
  ["a trace has other tags", { outdated: { settings: 1, content: 0 } }],
])("sessions do not count as sent where %s, at one of two destinations", (_, change) => {
  expect(areSent([REPORT, { ...REPORT, ...change }])).toBe(false);
});
