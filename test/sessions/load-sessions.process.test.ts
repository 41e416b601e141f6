import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { InvalidExportError } from "../../src/errors/invalid-export-error.js";
import { OpenCodeNotFoundError } from "../../src/errors/opencode-not-found-error.js";
import { SessionNotFoundError } from "../../src/errors/session-not-found-error.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import type { SessionTree } from "../../src/opencode/schema/exported-session.js";
import type { LoadOptions } from "../../src/sessions/load-options.js";
import { loadSessions } from "../../src/sessions/load-sessions.js";
import { loadStored } from "../../src/sessions/load-stored.js";
import type { LoadedSession } from "../../src/sessions/loaded-session.js";
import { readSession } from "../../src/sessions/read-session.js";
import { selectSessions } from "../../src/sessions/select-sessions.js";
import { lastStoredSession } from "../../src/sessions/stored-files.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { totalTokens } from "../../src/trace/usage.js";
import { at, type Fixture, loadFixture, onlyOne, traceOf } from "../support/fixtures.js";
import { keptAt, saveAsItIs } from "../support/kept-store.js";
import { reportedFiles, reportedText } from "../support/reported.js";
import { temporaryStore } from "../support/temporary-store.js";

const subagent = loadFixture("subagent@1.18.33");
const multistep = loadFixture("multistep@1.18.33");
const twoTurns = loadFixture("two-turns@1.18.33");
const parentId = subagent.session.info.id;
const childId = at(subagent.subagents, 0).info.id;

let folder: string;
let options: LoadOptions;

/** An opencode that knows the sessions whose exports lie in the folder. */
const PROGRAM = `#!/bin/sh
case "$1" in
  --version) echo 1.18.33 ;;
  session) cat "$SESSIONS/list" ;;
  db) echo db >> "$SESSIONS/asked"; cat "$SESSIONS/children" 2>/dev/null || echo "[]" ;;
  export) cat "$SESSIONS/$2.json" 2>/dev/null || { echo "Error: Session not found: $2" >&2; exit 1; } ;;
esac
`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "load-sessions-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "opencode"), PROGRAM);
  await chmod(join(folder, "opencode"), 0o755);
  options = {
    opencode: join(folder, "opencode"),
    environment: { PATH: process.env.PATH, HOME: folder, SESSIONS: folder },
    directory: folder,
    paths: await temporaryStore(),
    prefer: "opencode",
    readStdin: async () => multistep.text,
  };
});

/** Puts a fixture's sessions where the opencode of the test knows them. */
async function known(...fixtures: Fixture[]): Promise<void> {
  for (const { session, text, subagents, subagentTexts } of fixtures) {
    await writeFile(join(folder, `${session.info.id}.json`), text);
    for (const [index, { info }] of subagents.entries()) {
      await writeFile(join(folder, `${info.id}.json`), at(subagentTexts, index));
    }
  }
}

test("readSession: one session with its evidence, by id or by file", async () => {
  await known(subagent);
  const { opencode, environment, directory, paths } = options;
  const where = { opencode, environment, directory, paths };
  const byId = await readSession(parentId, where);
  expect(ids(byId.tree)).toEqual([parentId, childId]);
  expect(traceSession(byId.tree, byId.evidence)).toHaveLength(1);
  const byFile = await readSession(join(folder, `${childId}.json`), where);
  expect(ids(byFile.tree)).toEqual([childId]);
  await expect(readSession("ses_00000000000000000000000000", where)).rejects.toThrow(SessionNotFoundError);
});

test("a file as PowerShell writes it", async () => {
  await writeFile(join(folder, "utf16.json"), Buffer.from(`\uFEFF${multistep.text}`, "utf16le"));
  expect(await loaded(["utf16.json"], { opencode: "/nowhere" })).toEqual([[multistep.session.info.id]]);
});

test("a file has the recording that lies beside it, as far as it is the session's", async () => {
  const { id } = multistep.session.info;
  const recording = (sessionId: string, token: string): string =>
    [
      { t: "tap", v: 1, id: `17-${sessionId.slice(-4)}` },
      {
        ...{ t: "request", n: 0, at: 1, method: "POST", url: "https://a.example/v1", headers: {}, session: sessionId },
        ...{ hash: createHash("sha256").update(token).digest("hex"), bytes: token.length, middle: token },
      },
    ]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join("");
  const token = `ghp_${"a1B2".repeat(9)}`;
  await writeFile(join(folder, "export.json"), multistep.text);
  await writeFile(join(folder, "export.wire.jsonl"), `${recording(id, token)}${recording("ses_another", token)}`);
  const notes: string[] = [];
  const read = (): Promise<LoadedSession> =>
    readSession("export.json", { ...options, onNote: (note) => notes.push(note) });
  const { wire } = (await read()).evidence;
  expect(wire?.exchanges.map(({ sessionId, body }) => [sessionId, body.text])).toEqual([
    [id, expect.stringMatching(/^\[masked: /)],
  ]);
  await rm(join(folder, "export.wire.jsonl"));
  expect((await read()).evidence).not.toHaveProperty("wire");
  await mkdir(join(folder, "export.wire.jsonl"));
  expect((await read()).evidence).not.toHaveProperty("wire");
  expect(notes).toEqual([expect.stringContaining("export.wire.jsonl: this is a folder")]);
});

describe("the MCP servers of a session", () => {
  const servers = async (sources: readonly string[], more: Partial<LoadOptions> = {}) => {
    const found: unknown[] = [];
    await loadSessions(sources, { ...options, ...more }, ({ evidence }) => {
      found.push(evidence.mcpServers);
    });
    return onlyOne(found);
  };
  const { id } = multistep.session.info;
  const configure = (...names: readonly string[]) => {
    const mcp = Object.fromEntries(names.map((name) => [name, { type: "local", command: ["true"] }]));
    return writeFile(join(folder, "named.json"), JSON.stringify({ mcp }));
  };
  const named = () => ({
    environment: { ...options.environment, OPENCODE_CONFIG: join(folder, "named.json") },
  });

  test("of a file are those of the configuration, if there is one", async () => {
    await writeFile(join(folder, "export.json"), multistep.text);
    expect(await servers(["export.json"])).toEqual([]);
    await configure("my_team.db");
    expect(await servers(["export.json"], named())).toEqual(["my_team.db"]);
  });

  test("are kept with the session, with those of other snapshots", async () => {
    await known(multistep);
    await configure("my_team.db");
    expect(await servers([id], named())).toEqual(["my_team.db"]);
    // The configuration is another one now.
    await configure("tickets");
    expect(await servers([id], { ...named(), prefer: "kept" })).toEqual(["my_team.db"]);
    const run = { rootId: id, raw: new Map(), mcpServers: ["my_team.db", "docs"] };
    await saveAsItIs(options.paths, run);
    await saveAsItIs(options.paths, run);
    const kept = await servers([id], { ...named(), prefer: "kept" });
    expect([...(Array.isArray(kept) ? kept : [])].sort()).toEqual(["docs", "my_team.db"]);
  });

  test("of a session that was kept before they were, are those of the configuration", async () => {
    await saveAsItIs(options.paths, { rootId: id, raw: new Map([[id, multistep.text]]) });
    await configure("tickets");
    expect(await servers([id], { ...named(), prefer: "kept" })).toEqual(["tickets"]);
  });
});

function ids({ session, children }: SessionTree): string[] {
  return [session.info.id, ...children.flatMap(ids)];
}

async function loaded(sources: readonly string[], more: Partial<LoadOptions> = {}): Promise<string[][]> {
  const trees: string[][] = [];
  await loadSessions(sources, { ...options, ...more }, ({ tree }) => {
    trees.push(ids(tree));
  });
  return trees;
}

test("files and standard input; a subagent's file is put below its parent's in any order", async () => {
  await writeFile(join(folder, "parent.json"), subagent.text);
  await writeFile(join(folder, "child.json"), at(subagent.subagentTexts, 0));
  const nowhere = { opencode: "/nowhere" };
  expect(await loaded(["child.json", "-", "parent.json"], nowhere)).toEqual([
    [multistep.session.info.id],
    [parentId, childId],
  ]);
  expect(await loaded(["child.json"], nowhere)).toEqual([[childId]]);
});

test("ids; a subagent's session that is named as well is not told twice", async () => {
  await known(subagent, multistep);
  expect(await loaded([childId, parentId, multistep.session.info.id, parentId])).toEqual([
    [parentId, childId],
    [multistep.session.info.id],
  ]);
  expect(await loaded([childId])).toEqual([[childId]]);
});

test("a file and an id of the same session are one, and a child by id belongs to its parent's file", async () => {
  await known(subagent);
  await writeFile(join(folder, "parent.json"), subagent.text);
  expect(await loaded(["parent.json", parentId])).toEqual([[parentId, childId]]);
  expect(await loaded(["parent.json", childId])).toEqual([[parentId, childId]]);
});

test("sessions are used one after the other, in their order", async () => {
  await known(multistep, twoTurns);
  const wanted = [twoTurns.session.info.id, multistep.session.info.id];
  const seen: string[] = [];
  await loadSessions(wanted, options, async ({ tree }) => {
    seen.push(`${tree.session.info.id} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${tree.session.info.id} ends`);
  });
  expect(seen).toEqual(wanted.flatMap((id) => [`${id} begins`, `${id} ends`]));
});

test("nothing more is loaded once it is interrupted", async () => {
  await known(multistep, twoTurns);
  const interrupt = new AbortController();
  interrupt.abort(new Error("interrupted"));
  const seen: string[] = [];
  await loadSessions([multistep.session.info.id], { ...options, signal: interrupt.signal }, ({ tree }) => {
    seen.push(tree.session.info.id);
  });
  expect(seen).toEqual([]);
});

test("what cannot be had ends it, unless somebody wants to be told instead", async () => {
  await known(multistep);
  const gone = "ses_00000000000000000000000000";
  await expect(loaded([gone, multistep.session.info.id])).rejects.toBeInstanceOf(SessionNotFoundError);
  const told: string[] = [];
  const onUnreadable = (error: unknown, id: string): void => {
    expect(error).toBeInstanceOf(SessionNotFoundError);
    told.push(id);
  };
  const trees = await loaded([gone, multistep.session.info.id], { onUnreadable });
  expect([told, trees]).toEqual([[gone], [[multistep.session.info.id]]]);
});

test("a file that is no export: nothing at all is used, be it the last one", async () => {
  await known(multistep);
  await writeFile(join(folder, "bad.json"), "{}");
  let used = 0;
  const loading = loadSessions([multistep.session.info.id, "bad.json"], options, () => {
    used += 1;
  });
  await expect(loading).rejects.toBeInstanceOf(InvalidExportError);
  expect(used).toBe(0);
});

test("what is kept is shown without opencode, with the log that was kept beside it", async () => {
  const rootId = multistep.session.info.id;
  const raw = new Map([[rootId, multistep.text]]);
  await saveAsItIs(options.paths, { rootId, raw, logText: multistep.logText });
  const kept = { ...options, prefer: "kept", opencode: "/nowhere" } as const;
  expect(await selectSessions({ kind: "last" }, kept)).toEqual([rootId]);
  await loadSessions([rootId], kept, ({ tree, evidence }) => {
    expect(onlyOne(traceSession(tree, evidence))).toEqual(traceOf("multistep@1.18.33", "log"));
  });
  // Also where opencode was to be asked first, and is not there.
  expect(await loaded([rootId], { opencode: "/nowhere" })).toEqual([[rootId]]);
  await expect(loaded([childId], { opencode: "/nowhere" })).rejects.toBeInstanceOf(OpenCodeNotFoundError);
});

test("opencode is asked anew, and what it says is kept from then on", async () => {
  await known(subagent);
  expect(await loaded([parentId])).toEqual([[parentId, childId]]);
  await rm(join(folder, `${parentId}.json`));
  const notes: string[] = [];
  expect(await loaded([parentId], { onNote: (note) => notes.push(note) })).toEqual([[parentId, childId]]);
  expect(notes).toEqual([`opencode does not know ${parentId} any more; this is what looptrace has kept of it.`]);
});

test("an old session that is looked at anew is not the last one for that, until it has gone on", async () => {
  const [old, last] = [multistep.session.info.id, twoTurns.session.info.id];
  await known(multistep, twoTurns);
  await loaded([old, last]);
  await keptAt(options.paths, old, 1_000);
  await keptAt(options.paths, last, 2_000);
  await loaded([old]);
  expect(await lastStoredSession(options.paths)).toBe(last);
  const longer = JSON.parse(multistep.text);
  longer.info.time.updated += 1;
  await writeFile(join(folder, `${old}.json`), JSON.stringify(longer));
  await loaded([old]);
  expect(await lastStoredSession(options.paths)).toBe(old);
});

test("selections: all, and since a moment", async () => {
  const entry = (id: string, updated: number) => ({ id, updated, created: 1 });
  await writeFile(join(folder, "list"), JSON.stringify([entry("ses_a", 10), entry("ses_b", 30), entry("ses_c", 20)]));
  expect(await selectSessions({ kind: "all" }, options)).toEqual(["ses_b", "ses_c", "ses_a"]);
  expect(await selectSessions({ kind: "since", at: 20 }, options)).toEqual(["ses_b", "ses_c"]);
  expect(await selectSessions({ kind: "last" }, { ...options, prefer: "kept" })).toContain("ses_b");
});

/** A plugin's session below another one, which no tool of that one names. */
async function pluginsSession(): Promise<{ readonly parent: string; readonly child: string }> {
  const [childText = "", parentText = ""] = reportedFiles("plugin-delegate-task").map(reportedText);
  const idOf = (text: string): string => readExport(text, "test").info.id;
  const [parent, child] = [idOf(parentText), idOf(childText)];
  await writeFile(join(folder, `${parent}.json`), parentText);
  await writeFile(join(folder, `${child}.json`), childText);
  await writeFile(join(folder, "children"), JSON.stringify([{ id: child, parent_id: parent }]));
  return { parent, child };
}

test("a session that a plugin has started is found in opencode's store, and again in what was kept", async () => {
  const { parent, child } = await pluginsSession();
  const tokensOf = ({ tree, evidence }: LoadedSession): number =>
    totalTokens(onlyOne(traceSession(tree, evidence)).loop.totalsWithSubagents.usage);
  expect(tokensOf(await readSession(parent, options))).toBe(52_730);
  // Without opencode it stands where it was kept, also below another one by its own id.
  const kept: LoadOptions = { ...options, opencode: join(folder, "none"), prefer: "kept" };
  expect(tokensOf(await readSession(parent, kept))).toBe(52_730);
  const loaded = await loadStored(options.paths, parent);
  expect(loaded?.subagentIds).toEqual([child]);
  expect(await lastStoredSession(options.paths)).toBe(parent);
  // Named as well it is not told twice.
  const told: string[] = [];
  await loadSessions([child, parent, child], options, ({ tree }) => {
    told.push(tree.session.info.id);
  });
  expect(told).toEqual([parent]);
});

test("opencode's store is asked once, however many sessions are loaded", async () => {
  const { parent } = await pluginsSession();
  await known(multistep, twoTurns);
  await loadSessions([parent, multistep.session.info.id, twoTurns.session.info.id], options, () => undefined);
  expect(await readFile(join(folder, "asked"), "utf8")).toBe("db\n");
});

test("where opencode cannot say what is below a session, that is said, and what its tools name is there", async () => {
  await known(subagent);
  await writeFile(join(folder, "children"), "Unexpected error");
  const notes: string[] = [];
  const { tree } = await readSession(parentId, { ...options, onNote: (note) => notes.push(note) });
  expect(tree.children.map(({ session }) => session.info.id)).toEqual([childId]);
  expect(notes).toEqual([expect.stringContaining(`opencode could not say which sessions were started by ${parentId}`)]);
});

test("of a project without a session the last one that is kept is named", async () => {
  const rootId = multistep.session.info.id;
  await saveAsItIs(options.paths, { rootId, raw: new Map([[rootId, multistep.text]]), logText: undefined });
  await writeFile(join(folder, "list"), "[]");
  const last = selectSessions({ kind: "last" }, { ...options, prefer: "opencode" });
  await expect(last).rejects.toThrow(/^opencode has no session of .+ yet\. .+ name it, ses_\w+\.$/);
  expect(await selectSessions({ kind: "all" }, options)).toEqual([]);
});
