import { appendFile, chmod, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sessionFacts } from "../../src/analysis/session-facts.js";
import { calendarOf } from "../../src/analysis/stats/calendar.js";
import { statsOfTables, statsReport } from "../../src/analysis/stats/stats-report.js";
import { Catalog, type CatalogOptions } from "../../src/catalog/catalog.js";
import { claimToken } from "../../src/files/claim-token.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { loadFixture, tracesOf } from "../support/fixtures.js";
import { keepDamaged, keepFixture, keptAt } from "../support/kept-store.js";
import { openBelow } from "../support/open-files.js";
import { onTestFinished } from "../support/side-by-side.js";
import { temporaryStore, walk } from "../support/temporary-store.js";

/** The store looks as if all was kept an hour ago, so that a later change cannot leave the same time. */
async function rest(paths: StorePaths): Promise<void> {
  const before = new Date(Date.now() - 3_600_000);
  await utimes(paths.sessions, before, before);
}

async function opened(paths: StorePaths, options: Partial<CatalogOptions> = {}): Promise<Catalog> {
  const catalog = await Catalog.open({ paths, masking: {}, environment: null, ...options });
  onTestFinished(() => catalog.close());
  return catalog;
}

/** Opens the index and brings it up to date. */
async function current(paths: StorePaths, options: Partial<CatalogOptions> = {}) {
  let read = 0;
  const onProgress = (_: number, total: number): void => {
    read = total;
  };
  const catalog = await opened(paths, { onProgress, ...options });
  await catalog.refresh();
  return { catalog, ids: catalog.sessions().map(({ id }) => id), read };
}

async function segmentsIn(paths: StorePaths): Promise<readonly string[]> {
  const files = await walk(join(paths.root, "catalog"));
  return files.map(({ path }) => path).filter((path) => path.endsWith(".segment"));
}

test("what is kept is listed with its figures, and read once", async () => {
  const paths = await temporaryStore();
  const failed = await keepFixture(paths, "provider-401@1.18.33");
  const fine = await keepFixture(paths, "multistep@1.18.33");
  const first = await current(paths);
  expect(new Set(first.ids)).toEqual(new Set([failed, fine]));
  expect(first.read).toBe(2);
  const row = first.catalog.sessions().find(({ id }) => id === fine);
  const facts = (await first.catalog.facts()).find(({ id }) => id === fine);
  expect(facts).toEqual(sessionFacts(tracesOf(loadFixture("multistep@1.18.33"), "log")));
  expect(row).toMatchObject({ kind: "session", row: { id: fine, outcome: "completed", turns: 1 } });
  expect(first.catalog.sessions().find(({ id }) => id === failed)).toMatchObject({
    row: { outcome: "failed", errors: ["authentication_failed"] },
  });
  const again = await current(paths);
  expect(again).toMatchObject({ ids: first.ids, read: 0 });
  expect(await again.catalog.facts()).toEqual(await first.catalog.facts());
});

test("all its files are for the user alone", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33");
  await current(paths);
  const open = (await walk(join(paths.root, "catalog"))).filter(
    ({ isFolder, mode }) => mode !== (isFolder ? 0o700 : 0o600),
  );
  expect(open).toEqual([]);
  expect(await segmentsIn(paths)).toHaveLength(1);
});

test("what a killed process was about to keep goes, what a living one writes stays", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "multistep@1.18.33");
  const [pid, , ...machine] = claimToken().split("-");
  const killed = `ses_a.json.1a.tmp-${[pid, "1", ...machine].join("-")}`;
  const writing = `ses_b.json.1a.tmp-${claimToken()}`;
  for (const name of [killed, writing]) await writeFile(join(paths.sessions, name), "{");
  expect(await current(paths)).toMatchObject({ ids: [id] });
  expect((await readdir(paths.sessions)).filter((name) => name.includes(".tmp-"))).toEqual([writing]);
});

test("only what is new, changed or gone is looked at again", async () => {
  const paths = await temporaryStore();
  const one = await keepFixture(paths, "multistep@1.18.33");
  const two = await keepFixture(paths, "two-turns@1.18.33");
  await current(paths);
  await keepFixture(paths, "multistep@1.18.33", (text) => text.replaceAll("A scripted session", "Another title"));
  const changed = await current(paths);
  expect(changed.read).toBe(1);
  expect(changed.catalog.sessions().find(({ id }) => id === one)).toMatchObject({ row: { title: "Another title" } });
  await rm(join(paths.sessions, `${two}.json`));
  expect(await current(paths)).toMatchObject({ ids: [one], read: 0 });
  expect(await segmentsIn(paths)).toHaveLength(1);
});

test("where nothing was kept since, no file of the store is looked at", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "multistep@1.18.33");
  await rest(paths);
  // The folder's own change (ctime) is of now: the clock of the file system has to tick once.
  const { catalog } = await current(paths);
  await expect
    .poll(async () => {
      await catalog.refresh();
      return (await opened(paths)).isCurrent();
    })
    .toBe(true);
  // A look at the files would see this one's change; a file that is changed in its place is none of looptrace's ways.
  await appendFile(join(paths.sessions, `${id}.json`), " ");
  expect(await current(paths)).toMatchObject({ ids: [id], read: 0 });
});

test("a subagent's session stands in the one that it belongs to, as long as that is kept", async () => {
  const paths = await temporaryStore();
  const { session, subagents } = loadFixture("subagent@1.18.33");
  await keepFixture(paths, "subagent@1.18.33");
  const { catalog, ids } = await current(paths);
  expect(ids).toEqual([session.info.id]);
  expect(await catalog.facts()).toHaveLength(1);
  const child = subagents[0]?.info.id ?? "";
  expect(catalog.has(child)).toBe(true);
  await rm(join(paths.sessions, `${session.info.id}.json`));
  const orphaned = await current(paths);
  expect(orphaned.ids).toEqual([child]);
  expect(orphaned.catalog.sessions()[0]).toMatchObject({ kind: "session" });
});

test("what a subagent has come to counts for its session when it is kept later", async () => {
  const paths = await temporaryStore();
  const { session, subagents } = loadFixture("subagent@1.18.33");
  await keepFixture(paths, "subagent@1.18.33");
  const whole = await current(paths);
  const child = join(paths.sessions, `${subagents[0]?.info.id}.json`);
  const text = await readFile(child, "utf8");
  await rm(child);
  const without = await current(paths);
  expect(without.catalog.sessions()).toMatchObject([{ id: session.info.id, row: { missingSubagents: 1 } }]);
  await writeFile(child, text, { mode: 0o600 });
  expect((await current(paths)).catalog.sessions()).toEqual(whole.catalog.sessions());
});

test("every text of a session is found: prompt, answer, thinking, arguments, result, error, subagents'", async () => {
  const paths = await temporaryStore();
  const texts = {
    "subagent@1.18.33": "",
    "provider-401@1.18.33": "",
    "anthropic@1.18.33": "",
    "failing-tool@1.18.33": "",
  };
  const ids: Record<string, string> = {};
  for (const name of Object.keys(texts)) ids[name] = await keepFixture(paths, name);
  const { catalog } = await current(paths);
  for (const name of Object.keys(texts)) {
    for (const { loop } of tracesOf(loadFixture(name), "log")) {
      const tools = loop.steps.flatMap((step) => step.tools);
      const inner = tools.flatMap((tool) =>
        tool.loops.flatMap((sub) => sub.steps.map(({ call }) => call?.output.text)),
      );
      const said = loop.steps.flatMap(({ call }) => [call?.output.text, call?.output.thinking, call?.error?.message]);
      const wanted = [
        loop.input[0]?.content,
        ...said,
        ...inner,
        ...tools.flatMap(({ input, output }) => [...Object.values(Object(input)), output]),
      ];
      for (const text of wanted.filter((one) => typeof one === "string" && /\w/.test(one))) {
        const words = String(text).replaceAll("\\n", " ");
        expect(await catalog.search(words), words).toContain(ids[name]);
      }
    }
  }
  expect(await catalog.search("nowhere-to-be-found")).toEqual(new Set());
  expect(await catalog.search(" … ")).toBeUndefined();
});

test("what cannot be read is listed with the reason, what holds no prompt too", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "multistep@1.18.33");
  await keepDamaged(paths, id, "{");
  const { catalog } = await current(paths);
  expect(catalog.sessions()).toMatchObject([{ kind: "unreadable", id, reason: expect.stringMatching(/JSON/) }]);
  expect(await catalog.facts()).toEqual([]);
});

test("the rows' texts are masked, and its words are those that are kept", async () => {
  const paths = await temporaryStore();
  const secret = "hunter2-of-the-tests";
  await keepFixture(paths, "multistep@1.18.33", (text) => text.replaceAll("A scripted session", `Use ${secret} now`));
  const { catalog } = await current(paths, { masking: { secrets: [secret] } });
  expect(JSON.stringify([catalog.sessions(), await catalog.facts()])).not.toContain(secret);
});

test("several at once, in the middle of which everything is deleted, all answer right", async () => {
  const paths = await temporaryStore();
  const names = [
    "multistep@1.18.33",
    "two-turns@1.18.33",
    "provider-401@1.18.33",
    "subagent@1.18.33",
    "length@1.18.33",
  ];
  const ids = new Set<string>();
  for (const name of names) ids.add(await keepFixture(paths, name));
  const all = await Promise.all(
    Array.from({ length: 4 }, async (_, index) => {
      if (index === 2) await rm(join(paths.root, "catalog"), { recursive: true, force: true });
      const { catalog, ids: listed } = await current(paths);
      return { listed: new Set(listed), found: await catalog.search("scripted session") };
    }),
  );
  for (const { listed, found } of all) expect({ listed, found }).toEqual({ listed: ids, found: ids });
  expect(await current(paths)).toMatchObject({ read: 0 });
});

test("sessions that come one by one make few segments", async () => {
  const paths = await temporaryStore();
  const { session, text } = loadFixture("plain-answer@1.18.33");
  const last = session.info.id;
  for (let made = 0; made < 20; made += 1) {
    const id = `${last.slice(0, -2)}${String(made).padStart(2, "0")}`;
    await writeFile(join(paths.sessions, `${id}.json`), text.replaceAll(last, id), { mode: 0o600 }).catch(async () => {
      await keepFixture(paths, "plain-answer@1.18.33");
    });
    await current(paths);
  }
  const { catalog, ids, read } = await current(paths);
  expect([ids.length, read]).toEqual([20, 0]);
  expect((await segmentsIn(paths)).length).toBeLessThan(8);
  expect((await catalog.search(session.info.title))?.size).toBe(20);
  expect(await catalog.facts()).toHaveLength(20);
});

/** What may become of a file, by what it is done with. */
const DAMAGES: Readonly<Record<string, (path: string) => Promise<void>>> = {
  "is cut": (path) => truncate(path, 1_000),
  "is empty": (path) => truncate(path, 0),
  "goes on": (path) => appendFile(path, "more"),
  "is another one": (path) => writeFile(path, "SQLite format 3\0".repeat(100)),
  "is a link": async (path) => {
    await rm(path);
    await symlink("/dev/zero", path);
  },
  "is gone": (path) => rm(path),
};

test.each(Object.entries(DAMAGES))("an index's file that %s is made anew", async (_, damage) => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33");
  const before = (await current(paths)).catalog.sessions();
  for (const { path, isFolder } of await walk(join(paths.root, "catalog"))) {
    if (isFolder) continue;
    await damage(path);
    const { catalog } = await current(paths);
    expect(catalog.sessions()).toEqual(before);
    expect((await catalog.search("scripted"))?.size).toBe(1);
  }
});

test.runIf(process.platform === "linux")("one that is closed while it finds damage opens nothing more", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33");
  const { catalog } = await current(paths);
  const [segment = ""] = await segmentsIn(paths);
  const bytes = await readFile(segment);
  await writeFile(segment, bytes.fill(0, 1_000));
  const asked = [catalog.facts(), catalog.turns(), catalog.search("scripted")];
  await catalog.close();
  const [facts] = await Promise.allSettled(asked);
  expect(facts).toMatchObject({ status: "rejected" });
  expect(openBelow(paths.root)).toEqual([]);
});

test("what statistics add up is that of the facts, of the sessions that are listed alone", async () => {
  const paths = await temporaryStore();
  for (const name of ["multistep@1.18.33", "subagent@1.18.33", "provider-401@1.18.33", "two-turns@1.18.33"])
    await keepFixture(paths, name);
  const first = await current(paths);
  const calendar = calendarOf("UTC");
  const isSame = async (catalog: Catalog): Promise<void> => {
    const [tables, facts] = [await catalog.turns(), await catalog.facts()];
    for (const by of [["day"], ["model", "outcome"], ["project", "tag"]] as const)
      expect(statsOfTables(tables, { by, calendar })).toEqual(statsReport(facts, { by, calendar }));
  };
  await isSame(first.catalog);
  // One that is gone, and one that was kept anew, are still in the first segment.
  await rm(join(paths.sessions, `${loadFixture("multistep@1.18.33").session.info.id}.json`));
  await keepFixture(paths, "two-turns@1.18.33", (text) => text.replaceAll("/tmp/", "/opt/"));
  const { catalog } = await current(paths);
  await isSame(catalog);
  expect(statsOfTables(await catalog.turns(), { by: [], calendar }).total).toMatchObject({ sessions: 3, turns: 4 });
});

test("whichever byte of a segment is another one, the answers are the same", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "plain-answer@1.18.33");
  await keepFixture(paths, "provider-401@1.18.33");
  const whole = (await current(paths)).catalog;
  const answers = async (catalog: Catalog) => [
    catalog.sessions(),
    await catalog.facts(),
    await catalog.turns(),
    await catalog.search("scripted session"),
  ];
  const before = await answers(whole);
  const length = (await readFile((await segmentsIn(paths))[0] ?? "")).length;
  for (let at = 0; at < length; at += Math.ceil(length / 16)) {
    const [path = ""] = await segmentsIn(paths);
    const bytes = await readFile(path);
    bytes[at] = (bytes[at] ?? 0) ^ 0x41;
    await writeFile(path, bytes);
    expect(await answers((await current(paths)).catalog), `byte ${at} of ${length}`).toEqual(before);
  }
});

test("a disk that takes nothing is said once, and the answers are the same", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "multistep@1.18.33");
  // A file where the folder should be fails for root too.
  await writeFile(join(paths.root, "catalog"), "");
  const notes: string[] = [];
  const { catalog, ids, read } = await current(paths, { onNote: (note) => notes.push(note) });
  expect([ids, read]).toEqual([[id], 1]);
  expect((await catalog.search("scripted"))?.size).toBe(1);
  expect(notes).toEqual([expect.stringMatching(/could not be written to .*: a file stands where a folder should be/)]);
});

test("folders that others may have filled are refused", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33");
  await current(paths);
  await chmod(join(paths.root, "catalog"), 0o777);
  await expect(Catalog.open({ paths, masking: {}, environment: null })).rejects.toThrow(/every user can write to it/);
});

test("reading that is ended early keeps what was read", async () => {
  const paths = await temporaryStore();
  for (const name of ["multistep@1.18.33", "two-turns@1.18.33", "provider-401@1.18.33"]) await keepFixture(paths, name);
  const stop = new AbortController();
  const onProgress = (done: number): void => {
    if (done === 2) stop.abort();
  };
  const { ids } = await current(paths, { signal: stop.signal, onProgress });
  expect(ids).toHaveLength(3);
  const rest = new AbortController();
  rest.abort();
  await keptAt(paths, ids[0] ?? "", 1_000);
  expect((await current(paths, { signal: rest.signal })).ids).toHaveLength(2);
  expect((await current(paths)).ids).toHaveLength(3);
});

test("without a store there is nothing, and nothing is made", async () => {
  const paths = await temporaryStore();
  expect(await current(paths)).toMatchObject({ ids: [], read: 0 });
  await expect(readdir(paths.root)).rejects.toThrow(/ENOENT/);
});
