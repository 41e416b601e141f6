import { appendFile, mkdir, mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findOpenCodeLog, type LogIndexes } from "../../../src/opencode/program/find-log.js";
import { type LogEvidence, readLogEvidence } from "../../../src/opencode/read/log-evidence.js";
import { loadFixture } from "../../support/fixtures.js";

const PROJECT = "/home/dev/project";

/** What processes tell of themselves stands in no session's lines. */
const requestsIn = ({ requests, failures }: LogEvidence) => ({ requests, failures });

/** A data folder with these files in opencode's log folder. */
async function dataFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-log-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const logs = join(folder, "opencode", "log");
  await mkdir(logs, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(logs, name), text);
  return folder;
}

test("of the file that all processes write to, the session's own lines are taken", async () => {
  const { logText, session, log } = loadFixture("multistep@1.18.33");
  const other = loadFixture("two-turns@1.18.33");
  const folder = await dataFolder({ "opencode.log": `${other.logText}\n${logText}` });
  const found = await findOpenCodeLog([session.info.id], 0, { XDG_DATA_HOME: folder }, PROJECT);
  expect(requestsIn(readLogEvidence(found))).toEqual(requestsIn(log));
  expect(found).not.toContain(other.session.info.id);
  expect(found.length).toBeLessThan(logText.length);
});

test("what opencode did for the session's directory is taken too, and not what it did for others", async () => {
  const { logText, session } = loadFixture("multistep@1.18.33");
  const elsewhere = logText.replaceAll(PROJECT, "/home/dev/other").replaceAll(session.info.id, "ses_other");
  const folder = await dataFolder({ "opencode.log": `${elsewhere}\n${logText}` });
  const found = await findOpenCodeLog([session.info.id], 0, { XDG_DATA_HOME: folder }, PROJECT);
  const marks = readLogEvidence(found).marks ?? [];
  expect(marks.flatMap(({ directory }) => directory ?? [])).toEqual([PROJECT, PROJECT]);
  expect(marks.map(({ kind }) => kind)).toContain("located");
});

test("a notice between the lines does not make it a file of another kind", async () => {
  const { logText, session } = loadFixture("multistep@1.18.33");
  const other = loadFixture("two-turns@1.18.33");
  const folder = await dataFolder({ "opencode.log": `! a notice\n${other.logText}\n${logText}` });
  const found = await findOpenCodeLog([session.info.id], 0, { XDG_DATA_HOME: folder }, PROJECT);
  expect(found).not.toContain(other.session.info.id);
});

test("the subagents' lines are taken too", async () => {
  const { logText, session, subagents, log } = loadFixture("subagent@1.18.33");
  const folder = await dataFolder({ "opencode.log": logText });
  const ids = [session, ...subagents].map(({ info }) => info.id);
  const found = readLogEvidence(await findOpenCodeLog(ids, 0, { XDG_DATA_HOME: folder }, PROJECT));
  expect(requestsIn(found)).toEqual(requestsIn(log));
});

test("an older version's file is taken whole, since each line dates the next", async () => {
  const { logText, session, log } = loadFixture("multistep@1.15.13");
  const folder = await dataFolder({
    "2026-11-21T040000.log": logText,
    "2026-11-21T030000.log": "INFO  2026-11-21T03:00:00 +1ms service=default other\n",
  });
  const found = await findOpenCodeLog([session.info.id], 0, { XDG_DATA_HOME: folder }, PROJECT);
  expect(readLogEvidence(found)).toEqual(log);
  expect(found).not.toContain("service=default other");
});

test("files that are older than the session, and files that are no logs, are not read", async () => {
  const { logText, session } = loadFixture("multistep@1.18.33");
  const folder = await dataFolder({ "old.log": logText, "notes.txt": logText });
  const made = session.info.time.created;
  await utimes(join(folder, "opencode", "log", "old.log"), (made - 3_600_000) / 1000, (made - 3_600_000) / 1000);
  expect(await findOpenCodeLog([session.info.id], made, { XDG_DATA_HOME: folder }, PROJECT)).toBe("");
});

test("below the home folder, where no data folder is named", async () => {
  const { logText, session } = loadFixture("plain-answer@1.18.33");
  const folder = await mkdtemp(join(tmpdir(), "looptrace-home-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const logs = join(folder, ".local", "share", "opencode", "log");
  await mkdir(logs, { recursive: true });
  await writeFile(join(logs, "opencode.log"), logText);
  expect(await findOpenCodeLog([session.info.id], 0, { HOME: folder }, PROJECT)).toContain(session.info.id);
});

test("no folder, nothing about the session, a folder in a file's place: nothing", async () => {
  const folder = await dataFolder({
    "opencode.log": "timestamp=2026-11-21T04:00:00.000Z level=INFO message=x\n",
  });
  await mkdir(join(folder, "opencode", "log", "folder.log"));
  expect(await findOpenCodeLog(["ses_a"], 0, { XDG_DATA_HOME: folder }, PROJECT)).toBe("");
  expect(await findOpenCodeLog(["ses_a"], 0, { XDG_DATA_HOME: join(folder, "gone") }, PROJECT)).toBe("");
});

/** A process that works on one session: what it does for the directory, and the session's own lines. */
function processLines(run: string, session: string, directory = PROJECT): string {
  const line = (second: number, rest: string) =>
    `timestamp=2026-11-21T04:00:0${second}.000Z level=INFO run=${run} ${rest}\n`;
  return [
    line(0, `message="creating instance" directory=${directory}`),
    line(1, `message=created id=${session} slug=x`),
    line(2, `message=tracking hash=h-${run} cwd=${directory} git=x`),
    line(3, `message=stream providerID=p session.id=${session}`),
  ].join("");
}

test("of many processes in one directory a session's log has what its own did there, and no other", async () => {
  const text = ["aaaa", "bbbb", "cccc"].map((run) => processLines(run, `ses_${run}`)).join("");
  const folder = await dataFolder({ "opencode.log": text });
  for (const run of ["aaaa", "bbbb", "cccc"]) {
    const found = await findOpenCodeLog([`ses_${run}`], 0, { XDG_DATA_HOME: folder }, PROJECT);
    expect(`${found}\n`).toBe(processLines(run, `ses_${run}`));
  }
});

test("a file that was read before is read on: what was added is found, and what took its place", async () => {
  const folder = await dataFolder({ "opencode.log": processLines("aaaa", "ses_a") });
  const path = join(folder, "opencode", "log", "opencode.log");
  const indexes: LogIndexes = new Map();
  const find = (id: string) => findOpenCodeLog([id], 0, { XDG_DATA_HOME: folder }, PROJECT, indexes);
  expect(await find("ses_b")).toBe("");
  const more = processLines("bbbb", "ses_b");
  // A line is not whole yet when it is looked at first.
  await appendFile(path, more.slice(0, -10));
  await find("ses_b");
  await appendFile(path, more.slice(-10));
  expect(`${await find("ses_b")}\n`).toBe(more);
  expect(`${await find("ses_a")}\n`).toBe(processLines("aaaa", "ses_a"));
  await writeFile(path, processLines("cccc", "ses_c"));
  expect([await find("ses_a"), `${await find("ses_c")}\n`]).toEqual(["", processLines("cccc", "ses_c")]);
});

test("another file in its place is read from its beginning, also where it is longer", async () => {
  const folder = await dataFolder({
    "opencode.log": processLines("aaaa", "ses_a"),
    next: ["bbbb", "cccc"].map((run) => processLines(run, `ses_${run}`)).join(""),
  });
  const logs = join(folder, "opencode", "log");
  const indexes: LogIndexes = new Map();
  const find = (id: string) => findOpenCodeLog([id], 0, { XDG_DATA_HOME: folder }, PROJECT, indexes);
  expect(`${await find("ses_a")}\n`).toBe(processLines("aaaa", "ses_a"));
  await rename(join(logs, "next"), join(logs, "opencode.log"));
  const found = await Promise.all(["ses_a", "ses_bbbb", "ses_cccc"].map(find));
  expect(found.map((text) => `${text}\n`)).toEqual([
    "\n",
    processLines("bbbb", "ses_bbbb"),
    processLines("cccc", "ses_cccc"),
  ]);
});

test("a file that was emptied, and has grown past where it was read to, is read from its beginning", async () => {
  const folder = await dataFolder({ "opencode.log": processLines("aaaa", "ses_a") });
  const path = join(folder, "opencode", "log", "opencode.log");
  const indexes: LogIndexes = new Map();
  const find = (id: string) => findOpenCodeLog([id], 0, { XDG_DATA_HOME: folder }, PROJECT, indexes);
  expect(`${await find("ses_a")}\n`).toBe(processLines("aaaa", "ses_a"));
  // Of the same length as before, and then twice as long.
  for (const runs of [["bbbb"], ["cccc", "dddd"]]) {
    await writeFile(path, runs.map((run) => processLines(run, `ses_${run.slice(0, 1)}`)).join(""));
    const found = await Promise.all(["ses_a", ...runs.map((run) => `ses_${run.slice(0, 1)}`)].map(find));
    expect(found.map((text) => `${text}\n`)).toEqual([
      "\n",
      ...runs.map((run) => processLines(run, `ses_${run.slice(0, 1)}`)),
    ]);
  }
});

test("what goes on in a line of its own belongs to the line before it; characters are whole where pieces end", async () => {
  const long = "ä".repeat(700_000);
  const text = `${processLines("aaaa", "ses_a")}{ "${long}": 1 }\n${processLines("bbbb", "ses_b")}`;
  const folder = await dataFolder({ "opencode.log": text });
  const found = await findOpenCodeLog(["ses_a"], 0, { XDG_DATA_HOME: folder }, PROJECT);
  expect(found).toContain(`{ "${long}": 1 }`);
  expect(found).not.toContain("ses_b");
  expect(await findOpenCodeLog(["ses_b"], 0, { XDG_DATA_HOME: folder }, PROJECT)).not.toContain(long);
});
