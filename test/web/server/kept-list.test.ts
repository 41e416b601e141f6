import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StorePaths } from "../../../src/files/store-paths.js";
import { type KeptList, type KeptListOptions, keptList } from "../../../src/web/server/kept-list.js";
import { loadFixture } from "../../support/fixtures.js";
import { keepDamaged, keepFixture, saveAsItIs } from "../../support/kept-store.js";
import { onTestFinished } from "../../support/side-by-side.js";
import { temporaryStore } from "../../support/temporary-store.js";

const MASKED = { environment: {}, patterns: [/bread/] };

async function opened(
  paths: StorePaths,
  options: Partial<KeptListOptions> = {},
  onChange = () => {},
): Promise<KeptList> {
  const onProblem = (error: unknown): void => {
    throw error;
  };
  const kept = await keptList({ paths, masking: MASKED, environment: null, onProblem, ...options }, onChange);
  onTestFinished(() => kept.close());
  return kept;
}

async function read(paths: StorePaths, options: Partial<KeptListOptions> = {}): Promise<KeptList> {
  const kept = await opened(paths, options);
  await kept.refresh();
  return kept;
}

function ids(kept: KeptList, from = 0): readonly string[] {
  return kept.since(from).sessions.map(({ id }) => id);
}

test("sessions are listed with what they hold, subagents' ones in the sessions that they belong to", async () => {
  const paths = await temporaryStore();
  const parent = await keepFixture(paths, "subagent@1.18.33");
  const turns = await keepFixture(paths, "two-turns@1.18.33");
  const kept = await read(paths);
  expect(new Set(ids(kept))).toEqual(new Set([parent, turns]));
  expect(kept.since(0).sessions.find(({ id }) => id === parent)).toMatchObject({ missingSubagents: 0 });
});

test("what the index has is there before anything is read", async () => {
  const paths = await temporaryStore();
  const indexed = await keepFixture(paths, "two-turns@1.18.33");
  await (await read(paths)).close();
  const later = await keepFixture(paths, "multistep@1.18.33");
  const told: string[] = [];
  const again = await opened(paths, {}, () => told.push(`${ids(again)}`));
  await again.refresh();
  const steps = told.filter((one, index) => one !== "" && one !== told[index - 1]);
  expect(steps).toEqual([indexed, `${indexed},${later}`]);
});

test("while sessions are read, it is told how many are still to come", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "two-turns@1.18.33");
  await keepFixture(paths, "multistep@1.18.33");
  const told: (number | null)[] = [];
  const kept = await opened(paths, {}, () => told.push(kept.since(0).pending));
  await kept.refresh();
  expect([...new Set(told)]).toEqual([2, 1, 0]);
});

test("what is masked is masked before it is cut, and what another masking kept is masked too", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "two-turns@1.18.33");
  for (const masking of [{ environment: {} }, MASKED]) {
    const text = JSON.stringify((await read(paths, { masking })).since(0));
    expect(text.includes("[masked: pattern]")).toBe(masking === MASKED);
    expect(text.includes("bread")).toBe(masking !== MASKED);
  }
});

test("only what is new or changed is told of, and what is gone", async () => {
  const paths = await temporaryStore();
  const first = await keepFixture(paths, "multistep@1.18.33");
  const kept = await read(paths);
  const before = kept.revision;
  await kept.refresh();
  expect(kept.revision).toBe(before);
  const second = await keepFixture(paths, "plain-answer@1.18.33");
  await kept.refresh();
  expect(kept.since(before)).toMatchObject({ whole: false, gone: [], pending: 0 });
  expect(ids(kept, before)).toEqual([second]);
  const between = kept.revision;
  await keepFixture(paths, "multistep@1.18.33", (text) => text.replaceAll("A scripted session", "Another title"));
  await kept.refresh();
  expect(kept.since(between)).toMatchObject({ sessions: [{ id: first, title: "Another title" }], gone: [] });
  const last = kept.revision;
  await rm(join(paths.sessions, `${first}.json`));
  await kept.refresh();
  expect(kept.since(last)).toEqual({ whole: false, sessions: [], gone: [first], pending: 0 });
});

test("a session that changes is there all the time", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "multistep@1.18.33");
  const seen: boolean[] = [];
  const kept = await opened(paths, {}, () => seen.push(ids(kept).includes(id)));
  await kept.refresh();
  seen.splice(0);
  await keepFixture(paths, "multistep@1.18.33", (text) => text.replaceAll("A scripted session", "Another title"));
  await kept.refresh();
  expect(new Set(seen)).toEqual(new Set([true]));
});

test("a subagent's session that comes later is added to its parent's figures", async () => {
  const paths = await temporaryStore();
  const { session, text } = loadFixture("subagent@1.18.33");
  await saveAsItIs(paths, { rootId: session.info.id, raw: new Map([[session.info.id, text]]) });
  const kept = await read(paths);
  expect(kept.since(0).sessions).toMatchObject([{ missingSubagents: 1 }]);
  await keepFixture(paths, "subagent@1.18.33");
  await kept.refresh();
  expect(kept.since(0).sessions).toMatchObject([{ id: session.info.id, missingSubagents: 0 }]);
});

test("a subagent's session without its parent stands alone, until the parent is there", async () => {
  const paths = await temporaryStore();
  const { session, subagents } = loadFixture("subagent@1.18.33");
  await keepFixture(paths, "subagent@1.18.33");
  await rm(join(paths.sessions, `${session.info.id}.json`));
  const kept = await read(paths);
  expect(ids(kept)).toEqual(subagents.map(({ info }) => info.id));
  await keepFixture(paths, "subagent@1.18.33");
  await kept.refresh();
  expect(ids(kept)).toEqual([session.info.id]);
});

test("what cannot be read is listed with the reason, beside what can", async () => {
  const paths = await temporaryStore();
  const good = await keepFixture(paths, "multistep@1.18.33");
  await keepDamaged(paths, "ses_damaged", "{ not JSON");
  await keepDamaged(paths, "ses_empty", JSON.stringify({ info: loadFixture("multistep@1.18.33").session.info }));
  await keepDamaged(paths, "not-a-session", "{}");
  const kept = await read(paths);
  expect(new Set(ids(kept))).toEqual(new Set([good, "ses_damaged", "ses_empty"]));
  const damaged = kept.since(0).sessions.find(({ id }) => id === "ses_damaged");
  expect(damaged).toMatchObject({ kind: "unreadable", reason: expect.stringContaining("JSON") });
});

test("texts are searched one by one", async () => {
  const paths = await temporaryStore();
  const turns = await keepFixture(paths, "two-turns@1.18.33");
  const kept = await read(paths, { masking: { environment: {} } });
  expect(await kept.search(["BREAD", "nothing-such", "…"])).toEqual([[turns], [], null]);
});

test("a store that is not there yet is empty; after close nothing more is read", async () => {
  const paths = await temporaryStore();
  const kept = await read(paths);
  expect(kept.since(0)).toEqual({ whole: true, sessions: [], gone: [], pending: 0 });
  await kept.close();
  await keepFixture(paths, "multistep@1.18.33");
  await kept.refresh();
  expect(ids(kept)).toEqual([]);
});
