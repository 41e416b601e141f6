import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StorePaths } from "../../../src/files/store-paths.js";
import { type SessionCatalog, sessionCatalog } from "../../../src/web/server/session-catalog.js";
import { loadFixture } from "../../support/fixtures.js";
import { keepDamaged, keepFixture, saveAsItIs } from "../../support/kept-store.js";
import { temporaryStore } from "../../support/temporary-store.js";

const MASKED = { environment: {}, patterns: [/bread/] };

function catalogOf(paths: StorePaths): SessionCatalog {
  return sessionCatalog({ paths, masking: MASKED }, () => {});
}

/** Looks, and waits until all is read. */
async function settled(catalog: SessionCatalog): Promise<void> {
  await catalog.refresh();
  await expect.poll(() => catalog.since(0).pending).toBe(0);
}

function ids(catalog: SessionCatalog, from = 0): readonly string[] {
  return catalog.since(from).sessions.map(({ id }) => id);
}

test("sessions are listed with what they hold, subagents' ones in the sessions that they belong to", async () => {
  const paths = await temporaryStore();
  const parent = await keepFixture(paths, "subagent@1.18.33");
  const turns = await keepFixture(paths, "two-turns@1.18.33");
  const catalog = catalogOf(paths);
  await settled(catalog);
  expect(new Set(ids(catalog))).toEqual(new Set([parent, turns]));
  const { subagents } = loadFixture("subagent@1.18.33");
  for (const { info } of subagents) expect(catalog.has(info.id)).toBe(true);
  expect(catalog.has("ses_none")).toBe(false);
  expect(catalog.since(0).sessions.find(({ id }) => id === parent)).toMatchObject({ missingSubagents: 0 });
});

test("what is masked is masked before it is cut", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "two-turns@1.18.33");
  const catalog = catalogOf(paths);
  await settled(catalog);
  const text = JSON.stringify(catalog.since(0));
  expect(text).toContain("[masked: pattern]");
  expect(text).not.toContain("bread");
});

test("only what is new is told of, and only what has changed is read again", async () => {
  const paths = await temporaryStore();
  const first = await keepFixture(paths, "multistep@1.18.33");
  const catalog = catalogOf(paths);
  await settled(catalog);
  const before = catalog.revision;
  await settled(catalog);
  expect(catalog.revision).toBe(before);
  const second = await keepFixture(paths, "plain-answer@1.18.33");
  await settled(catalog);
  expect(catalog.since(before)).toMatchObject({ whole: false, gone: [] });
  expect(ids(catalog, before)).toEqual([second]);
  const between = catalog.revision;
  await rm(join(paths.sessions, `${first}.json`));
  await settled(catalog);
  expect(catalog.since(between)).toEqual({ whole: false, sessions: [], gone: [first], pending: 0 });
  expect(catalog.has(first)).toBe(false);
});

test("a subagent's session that comes later is added to its parent's figures", async () => {
  const paths = await temporaryStore();
  const { session, text } = loadFixture("subagent@1.18.33");
  await saveAsItIs(paths, { rootId: session.info.id, raw: new Map([[session.info.id, text]]) });
  const catalog = catalogOf(paths);
  await settled(catalog);
  expect(catalog.since(0).sessions).toMatchObject([{ missingSubagents: 1 }]);
  await keepFixture(paths, "subagent@1.18.33");
  await settled(catalog);
  expect(catalog.since(0).sessions).toMatchObject([{ id: session.info.id, missingSubagents: 0 }]);
});

test("a subagent's session without its parent stands alone, until the parent is there", async () => {
  const paths = await temporaryStore();
  const { session, subagents } = loadFixture("subagent@1.18.33");
  await keepFixture(paths, "subagent@1.18.33");
  await rm(join(paths.sessions, `${session.info.id}.json`));
  const catalog = catalogOf(paths);
  await settled(catalog);
  expect(ids(catalog)).toEqual(subagents.map(({ info }) => info.id));
  await keepFixture(paths, "subagent@1.18.33");
  await settled(catalog);
  expect(ids(catalog)).toEqual([session.info.id]);
});

test("what cannot be read is listed with the reason, beside what can", async () => {
  const paths = await temporaryStore();
  const good = await keepFixture(paths, "multistep@1.18.33");
  await keepDamaged(paths, "ses_damaged", "{ not JSON");
  await keepDamaged(paths, "ses_empty", JSON.stringify({ info: loadFixture("multistep@1.18.33").session.info }));
  await keepDamaged(paths, "not-a-session", "{}");
  const catalog = catalogOf(paths);
  await settled(catalog);
  expect(new Set(ids(catalog))).toEqual(new Set([good, "ses_damaged", "ses_empty"]));
  const damaged = catalog.since(0).sessions.find(({ id }) => id === "ses_damaged");
  expect(damaged).toMatchObject({ kind: "unreadable", reason: expect.stringContaining("JSON") });
});

test("a store that is not there yet is empty; after close nothing more is read", async () => {
  const paths = await temporaryStore();
  const catalog = catalogOf(paths);
  await settled(catalog);
  expect(catalog.since(0)).toEqual({ whole: true, sessions: [], gone: [], pending: 0 });
  catalog.close();
  await keepFixture(paths, "multistep@1.18.33");
  await catalog.refresh();
  expect(catalog.since(0)).toMatchObject({ sessions: [], pending: 1 });
});
