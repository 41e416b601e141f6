import { chmod, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SessionNotFoundError } from "../../src/errors/session-not-found-error.js";
import type { LoadOptions } from "../../src/sessions/load-options.js";
import { loadSessions } from "../../src/sessions/load-sessions.js";
import { flattenTree, type LoadedSession } from "../../src/sessions/loaded-session.js";
import { type Selection, selectSessions } from "../../src/sessions/select-sessions.js";
import { loadFixture } from "../support/fixtures.js";
import { saveAsItIs } from "../support/kept-store.js";
import { loadOpencode2 } from "../support/opencode2-fixtures.js";
import {
  type Opencode2Program,
  type Opencode2ProgramOptions,
  opencode2Program,
  type Session2,
} from "../support/opencode2-program.js";
import { temporaryStore } from "../support/temporary-store.js";

/** The sessions of a fixture as a store has them. */
function stored(name: string): readonly Session2[] {
  const { text, subagentTexts } = loadOpencode2(name);
  return [text, ...subagentTexts].map((one): Session2 => JSON.parse(one));
}

const subagent = loadOpencode2("subagent");
const multistep = loadOpencode2("multistep");

async function place(options: Opencode2ProgramOptions = {}, environment: Readonly<Record<string, string>> = {}) {
  const opencode2 = await opencode2Program(options);
  const notes: string[] = [];
  const load: LoadOptions = {
    environment: { ...opencode2.env, ...environment },
    directory: opencode2.workdir,
    paths: await temporaryStore(),
    prefer: "opencode",
    readStdin: async () => "",
    onNote: (note) => notes.push(note),
  };
  const read = async (ids: readonly string[], more: Partial<LoadOptions> = {}): Promise<readonly LoadedSession[]> => {
    const loaded: LoadedSession[] = [];
    await loadSessions(ids, { ...load, ...more }, (session) => void loaded.push(session));
    return loaded;
  };
  const select = (selection: Selection) => selectSessions(selection, load);
  return { opencode2, load, notes, read, select };
}

const idsOf = (sessions: readonly LoadedSession[]) =>
  sessions.map(({ tree }) => flattenTree(tree).map(({ info }) => info.id));

async function commandsOf({ calls }: Opencode2Program): Promise<readonly string[]> {
  return (await calls()).map(({ argv }) => argv.filter((word) => !word.startsWith("--")).join(" "));
}

test("a session is read by its id with those of its subagents, all of them over one private server", async () => {
  const { opencode2, read, notes } = await place(
    { sessions: [...stored("subagent"), ...stored("multistep")] },
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" },
  );
  const loaded = await read([subagent.session.info.id, multistep.session.info.id]);
  const children = subagent.subagents.map(({ info }) => info.id);
  expect(idsOf(loaded)).toEqual([[subagent.session.info.id, ...children], [multistep.session.info.id]]);
  expect(loaded[1]?.tree.session.messages).toEqual(multistep.session.messages);
  expect(notes).toEqual([]);
  const [call, ...more] = await opencode2.calls();
  expect([call?.argv, more]).toEqual([["serve", "--hostname=127.0.0.1", expect.stringMatching(/^--port=\d+$/)], []]);
  expect([call?.otel, call?.pwd === call?.tmpdir]).toEqual([[], true]);
  expect(call?.tmpdir).not.toContain(opencode2.folder);
});

test("no server is left, also after a failure", async () => {
  const { opencode2, read, select } = await place({ sessions: stored("multistep") });
  await expect(read(["ses_0000000000000000000000"])).rejects.toThrow(SessionNotFoundError);
  await select({ kind: "all" });
  const calls = await opencode2.calls();
  expect(calls).toHaveLength(2);
  for (const { argv, tmpdir } of calls) {
    const port = argv.find((word) => word.startsWith("--port="))?.slice("--port=".length);
    await expect(fetch(`http://127.0.0.1:${port}/api/info`)).rejects.toThrow("fetch failed");
    await expect(stat(tmpdir ?? "")).rejects.toThrow("ENOENT");
  }
});

test("what a killed opencode left half finished is read as well", async () => {
  const { read } = await place({ sessions: stored("killed-server@2026-07-20") });
  const killed = loadOpencode2("killed-server@2026-07-20");
  const [loaded] = await read([killed.session.info.id]);
  expect(killed.session.messages.map(({ type }) => type)).toEqual(["user", "assistant"]);
  expect(loaded?.tree.session.messages).toEqual(killed.session.messages);
});

test("a server that dies in the middle is replaced, and the rest is read from the next one", async () => {
  const ids = Array.from({ length: 8 }, (_, at) => `ses_${at}`);
  const info = { time: { created: 1, updated: 1 }, location: { directory: "/home/dev/project" } };
  const sessions = ids.map((id): Session2 => ({ info: { ...info, id, title: id }, messages: [] }));
  const { opencode2, load, notes } = await place({ sessions });
  const loaded: LoadedSession[] = [];
  await loadSessions(ids, load, async (session) => {
    loaded.push(session);
    const [call] = await opencode2.calls();
    if (loaded.length === 1) process.kill(call?.pid ?? 0, "SIGKILL");
  });
  expect(idsOf(loaded)).toEqual(ids.map((id) => [id]));
  expect(await commandsOf(opencode2)).toEqual(["serve", "serve"]);
  expect(notes).toEqual([]);
});

test("where its server gives no messages out, its export does, and a note says what that lacks", async () => {
  const { opencode2, read, notes } = await place({ sessions: stored("subagent"), brokenMessages: true });
  const loaded = await read([subagent.session.info.id]);
  expect(idsOf(loaded)).toEqual([[subagent.session.info.id, ...subagent.subagents.map(({ info }) => info.id)]]);
  const exports = [subagent.session, ...subagent.subagents].map(({ info }) => `session export ${info.id}`);
  expect(await commandsOf(opencode2)).toEqual(["serve", ...exports]);
  expect(notes).toEqual([expect.stringContaining("what had not come to its end is missing in it")]);
});

test("where neither does, the first failure is the one that is told", async () => {
  const { read } = await place({ sessions: stored("multistep"), without: ["serve", "session"] });
  await expect(read([multistep.session.info.id])).rejects.toThrow("Unknown command: serve");
});

test("the previews have no export, and need none", async () => {
  const { opencode2, read, select } = await place({
    sessions: stored("multistep@2026-07-20"),
    version: "2.0.0-0720",
    without: ["session"],
  });
  expect(await select({ kind: "last" })).toEqual([multistep.session.info.id]);
  expect(idsOf(await read([multistep.session.info.id]))).toEqual([[multistep.session.info.id]]);
  expect(await commandsOf(opencode2)).toEqual(["serve", "serve"]);
});

const selections = [
  ["--last", { kind: "last" }, ["ses_3"]],
  ["--all", { kind: "all" }, ["ses_3", "ses_2", "ses_1"]],
  ["--since", { kind: "since", at: 2_000 }, ["ses_3", "ses_2"]],
] as const;

test.each([
  ["over its server", []],
  ["by its list, where it is no server", ["serve"]],
])("past sessions are found %s, without subagents", async (_, without) => {
  const session = (id: string, updated: number, more = {}): Session2 => ({
    info: { id, title: id, time: { created: 1, updated }, location: { directory: "/home/dev/project" }, ...more },
    messages: [],
  });
  const sessions = [
    session("ses_1", 1_000),
    session("ses_3", 3_000),
    session("ses_2", 2_000),
    session("ses_4", 4_000, { parentID: "ses_3" }),
  ];
  const { select } = await place({ sessions, without });
  for (const [name, selection, ids] of selections) expect([name, await select(selection)]).toEqual([name, ids]);
});

test("a session that is not there: the message says which opencode was asked, and of the other one beside it", async () => {
  const { opencode2, read } = await place({ sessions: stored("multistep") });
  const alone = await read(["ses_000"]).catch(String);
  expect(alone).toContain(`opencode 2.0.26 at ${opencode2.path} knows no session "ses_000".`);
  expect(alone).toContain("`opencode session export <session> > file.json`");
  expect(alone).not.toContain("--opencode");

  const first = join(opencode2.folder, "bin/opencode");
  await writeFile(
    first,
    "#!/bin/sh\n[ $1 = --version ] && echo 1.18.33 && exit\necho 'Session not found' >&2; exit 1\n",
  );
  await chmod(first, 0o755);
  // Of both the plain name is taken, and the session of the other is not looked for behind its back.
  const both = await read([multistep.session.info.id]).catch(String);
  expect(both).toContain(`opencode 1.18.33 at ${first} knows no session "${multistep.session.info.id}".`);
  expect(both).toContain(`--opencode ${opencode2.path} asks that one.`);
  expect(idsOf(await read([multistep.session.info.id], { opencode: opencode2.path }))).toHaveLength(1);
});

test("1.x exports a preview's session without its messages: that is no session of its", async () => {
  const { opencode2, read } = await place();
  const first = join(opencode2.folder, "bin/opencode");
  const info = { id: "ses_2", version: "2.0.0-0720", directory: "/home", title: "", time: { created: 1, updated: 1 } };
  const answer = JSON.stringify({ info, messages: [] });
  await writeFile(
    first,
    `#!/bin/sh\ncase $1 in --version) echo 1.18.33;; export) echo '${answer}';; *) echo '[]';; esac\n`,
  );
  await chmod(first, 0o755);
  const error = await read(["ses_2"]).catch(String);
  expect(error).toContain(`opencode 1.18.33 at ${first} has no messages of the session "ses_2"`);
  expect(error).toContain("it is one of opencode 2.0.0-0720");
  expect(error).toContain(`--opencode ${opencode2.path} asks that one.`);
});

test("a preview lists 1.x's sessions without their messages: those are none of its", async () => {
  const { info } = JSON.parse(multistep.text) as Session2;
  const { read } = await place({ sessions: [{ info, messages: [] }] });
  await expect(read([info.id])).rejects.toThrow("it is one of opencode 1.x");
});

test("a session of 1.x that opencode 2 has imported is the one that was kept of 1.x, as long as it did not go on", async () => {
  const original = loadFixture("two-turns@1.18.33");
  const { id } = original.session.info;
  const imported: Session2["messages"] = original.session.messages.map(({ info }) => ({
    id: info.id,
    type: info.role,
    time: { created: info.time.created },
    ...(info.role === "user"
      ? { text: "imported" }
      : { agent: "build", content: [{ type: "text", text: "imported" }] }),
  }));
  const info = { id, title: "", location: { directory: "/home" }, time: original.session.info.time };
  const { read, load, notes } = await place({ sessions: [{ info, messages: imported }] });
  const [fresh] = await read([id]);
  expect(fresh?.tree.session.generation).toBe(2);

  await saveAsItIs(load.paths, { rootId: id, raw: new Map([[id, original.text]]) });
  const [kept] = await read([id]);
  expect(kept?.tree.session).toEqual(original.session);
  expect(notes).toEqual([expect.stringContaining(`${id} is a session of opencode 1.x that opencode 2 has imported`)]);

  const later = { id: "msg_zzz", type: "user", time: { created: 9_999_999_999_999 }, text: "go on" };
  const after = await place({ sessions: [{ info, messages: [...imported, later] }] });
  await saveAsItIs(after.load.paths, { rootId: id, raw: new Map([[id, original.text]]) });
  const [continued] = await after.read([id]);
  expect(continued?.tree.session.messages).toHaveLength(imported.length + 1);
});
