import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InvalidExportError } from "../../src/errors/invalid-export-error.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import type { RunEvidence } from "../../src/opencode/evidence.js";
import { storedSession } from "../../src/sessions/session-store.js";
import { lastStoredSession } from "../../src/sessions/stored-files.js";
import { at, type Fixture, loadFixture } from "../support/fixtures.js";
import { saveAsItIs } from "../support/kept-store.js";
import { temporaryStore, walk } from "../support/temporary-store.js";

const subagent = loadFixture("subagent@1.18.33");
const multistep = loadFixture("multistep@1.18.33");

function run(startedAt: number): RunEvidence {
  return {
    streamErrors: [],
    exit: { kind: "exited", code: 0 },
    startedAt,
    endedAt: startedAt + 1,
    stderr: "",
  };
}

async function keep(paths: StorePaths, fixture: Fixture): Promise<string> {
  const rootId = fixture.session.info.id;
  const children = fixture.subagents.map(({ info }, index): [string, string] => [
    info.id,
    at(fixture.subagentTexts, index),
  ]);
  await saveAsItIs(paths, {
    rootId,
    raw: new Map([[rootId, fixture.text], ...children]),
    runs: [{ run: run(1), logText: fixture.logText }],
  });
  return rootId;
}

test("a session is kept with its subagents, log and runs, for the user alone", async () => {
  const paths = await temporaryStore();
  const id = await keep(paths, subagent);
  expect(await storedSession(paths, id)).toEqual({
    sessions: [subagent.session, ...subagent.subagents],
    logText: subagent.logText,
    runs: [run(1)],
    storedAt: expect.any(Number),
  });
  expect((await walk(paths.root)).filter(({ isFolder, mode }) => mode !== (isFolder ? 0o700 : 0o600))).toEqual([]);
});

test("a second snapshot adds its run and the lines of the log that are new", async () => {
  const paths = await temporaryStore();
  const rootId = await keep(paths, multistep);
  const raw = new Map([[rootId, multistep.text]]);
  const later = "timestamp=2026-11-21T00:00:00.000Z level=INFO message=loop\n";
  const overlapping = `${multistep.logText.split("\n").slice(-4).join("\n")}${later}`;
  await saveAsItIs(paths, { rootId, raw, runs: [{ run: run(2), logText: overlapping }] });
  await saveAsItIs(paths, { rootId, raw });
  const kept = await storedSession(paths, rootId);
  expect(kept?.runs).toEqual([run(1), run(2)]);
  expect(kept?.logText).toBe(`${multistep.logText.trimEnd()}\n${later}`);
});

test("runs that are kept at the same moment do not overwrite each other", async () => {
  const paths = await temporaryStore();
  const id = multistep.session.info.id;
  const raw = new Map([[id, multistep.text]]);
  await Promise.all(
    [1, 2, 3, 4].map((n) =>
      saveAsItIs(paths, {
        rootId: id,
        raw,
        runs: [{ run: { ...run(n), id: `run${n}` }, logText: `timestamp=${n} line` }],
      }),
    ),
  );
  const kept = await storedSession(paths, id);
  expect(kept?.runs.map((one) => one.id)).toEqual(["run1", "run2", "run3", "run4"]);
  expect(kept?.logText.split("\n")).toEqual([1, 2, 3, 4].map((n) => `timestamp=${n} line`));
});

test("the last one is the one kept last, a subagent's session never", async () => {
  const paths = await temporaryStore();
  expect(await lastStoredSession(paths)).toBeUndefined();
  const first = await keep(paths, multistep);
  const second = await keep(paths, subagent);
  await utimes(join(paths.sessions, `${first}.json`), 1, 1);
  expect(await lastStoredSession(paths)).toBe(second);
});

test("what was never kept, or is no id at all, is not there", async () => {
  const paths = await temporaryStore();
  expect(await storedSession(paths, "ses_00000000000000000000000000")).toBeUndefined();
  await keep(paths, multistep);
  await writeFile(join(paths.root, "other.json"), multistep.text);
  expect(await storedSession(paths, "../other")).toBeUndefined();
});

test("of one that is damaged it is said how it is kept anew, and nothing of how exports are made", async () => {
  const paths = await temporaryStore();
  const id = await keep(paths, multistep);
  const path = join(paths.sessions, `${id}.json`);
  for (const damaged of [multistep.text.slice(0, 2_000), "\0".repeat(500), "[{"]) {
    await writeFile(path, damaged);
    await expect(storedSession(paths, id)).rejects.toThrow(
      new InvalidExportError(
        path,
        `this is no JSON any more, so what looptrace has kept of the session is damaged. \`looptrace show --fresh ${id}\` reads it anew from opencode, where that still has it.`,
      ),
    );
  }
});

test("runs that cannot be read any more are left out, the session is not", async () => {
  const paths = await temporaryStore();
  const id = await keep(paths, multistep);
  await writeFile(join(paths.sessions, `${id}.run-2-a-0.json`), "[{");
  expect(await storedSession(paths, id)).toMatchObject({ runs: [run(1)], logText: multistep.logText });
});
