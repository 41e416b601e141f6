import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DestinationReport } from "../../src/deliver/delivery-report.js";
import { isUnchanged, readSentSessions, whenSent } from "../../src/export/sent-sessions.js";
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
  expect(isUnchanged(SENT, 5, at)).toBe(true);
  expect(isUnchanged(SENT, 6, at)).toBe(false);
  expect(isUnchanged(SENT, undefined, at)).toBe(false);
  moments.set("ses_b", 5);
  expect(isUnchanged(SENT, 5, at)).toBe(false);
  moments.clear();
  expect(isUnchanged(SENT, 5, at)).toBe(false);
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

test.each<[when: ReturnType<typeof whenSent>, what: string, change: Partial<DestinationReport>]>([
  ["now", "all is taken", {}],
  ["pushed", "spans wait", { pending: { spans: 2, requests: 1, unsavedSpans: 0 } }],
  ["pushed", "scores wait", scores({ pending: 1 })],
  ["never", "spans were refused", { rejected: 1 }],
  ["never", "scores were refused", scores({ rejected: 1 })],
  ["never", "spans could not be stored", { pending: { spans: 2, requests: 1, unsavedSpans: 1 } }],
  ["never", "scores could not be stored", scores({ pending: 1, unsaved: 1 })],
  ["never", "a turn went on", { outdated: { settings: 0, content: 1 } }],
  [
    "never",
    "spans wait of a trace whose tags are others",
    { outdated: { settings: 1, content: 0 }, pending: { spans: 2, requests: 1, unsavedSpans: 0 } },
  ],
])("sessions count as sent %s where %s, at one of two destinations", (when, _, change) => {
  expect(whenSent([REPORT, { ...REPORT, ...change }])).toBe(when);
});
