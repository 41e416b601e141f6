import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { Masking } from "../../src/masking/mask.js";
import { MASKING_RULES } from "../../src/masking/rules.js";
import type { RunEvidence } from "../../src/opencode/evidence.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import { maskFound, readEvidence, traceRecorded } from "../../src/sessions/loaded-session.js";
import { type SeenSession, SessionRecorder } from "../../src/sessions/session-recorder.js";
import { storedSession } from "../../src/sessions/session-store.js";
import type { WireExchange } from "../../src/wire/model.js";
import { writeRecording } from "../../src/wire/recording/write-recording.js";
import { loadFixture, onlyOne, traceOf } from "../support/fixtures.js";
import { saveAsItIs } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";

const multistep = loadFixture("multistep@1.18.33");
const { id } = multistep.session.info;
const TOKEN = `ghp_${"a1B2".repeat(9)}`;
const masking = { environment: {} };

const run = (startedAt: number, stderr = ""): RunEvidence => ({
  streamErrors: [],
  exit: { kind: "exited", code: 0 },
  startedAt,
  endedAt: startedAt + 1,
  stderr,
});

/** The fixture with a secret in its title. */
function seen(more: Partial<SeenSession> = {}): SeenSession {
  const text = multistep.text.replace(/"title": "/, `"title": "${TOKEN} `);
  expect(text).not.toBe(multistep.text);
  const tree = onlyOne(assembleSessions([readExport(text, "test")]));
  return { tree, raw: new Map([[id, text]]), ...more };
}

test("what is recorded, stored, handed on and said beside it holds no secret", async () => {
  const paths = await temporaryStore();
  const recorder = new SessionRecorder({ paths, masking });
  const runs = [{ run: run(1, `said ${TOKEN}`), logText: `logged ${TOKEN}` }];
  const recorded = await recorder.record(seen({ runs, logText: `log ${TOKEN}` }), [`note ${TOKEN}`]);
  expect(recorded).toMatchObject({ stored: true, notes: [] });
  const { tree, evidence, beside } = recorded;
  expect(JSON.stringify([tree, evidence, recorded.seen, beside])).not.toContain(TOKEN);
  expect(beside).toEqual([expect.stringContaining("note [masked")]);
  const files = await readdir(paths.sessions);
  expect(files.sort()).toEqual([
    `${id}.json`,
    `${id}.log`,
    `${id}.masked.json`,
    `${id}.run-1-0-0.json`,
    `${id}.run-1-0-0.log`,
  ]);
  for (const file of files) {
    const text = await readFile(join(paths.sessions, file), "utf8");
    expect(text).toContain(file.endsWith(".masked.json") ? MASKING_RULES : "[masked");
    expect(text).not.toContain(TOKEN);
  }
});

test("the evidence that is handed on is that of the store, read anew", async () => {
  const paths = await temporaryStore();
  const recorder = new SessionRecorder({ paths, masking });
  const { text } = multistep;
  const tree = onlyOne(assembleSessions([readExport(text, "test")]));
  const look = { tree, raw: new Map([[id, text]]) };
  const line = (n: number): string => `timestamp=${n} line`;
  await recorder.record({ ...look, logText: line(0), mcpServers: ["docs"] }, null);
  await recorder.record({ ...look, runs: [{ run: run(20), logText: line(2) }] }, null);
  const recorded = await recorder.record(
    { ...look, runs: [{ run: run(3), logText: line(1) }], mcpServers: ["tickets"] },
    null,
  );
  const { logText, runs, mcpServers = [] } = (await storedSession(paths, id)) ?? { logText: "", runs: [] };
  expect(recorded.evidence).toMatchObject({ logText, runs });
  expect([...(recorded.evidence.mcpServers ?? [])].sort()).toEqual([...mcpServers].sort());
  expect([...mcpServers].sort()).toEqual(["docs", "tickets"]);
  expect(runs.map(({ startedAt }) => startedAt)).toEqual([20, 3]);
  expect(logText.split("\n")).toEqual([line(0), line(2), line(1)]);
});

test("what an earlier looptrace stored and did not mask is masked when it is handed on", async () => {
  const paths = await temporaryStore();
  await saveAsItIs(paths, {
    rootId: id,
    raw: new Map(),
    logText: `log ${TOKEN}`,
    runs: [{ run: run(1, TOKEN) }],
  });
  const recorded = await new SessionRecorder({ paths, masking }).record(seen(), null);
  expect(recorded.evidence.runs).toHaveLength(1);
  expect(JSON.stringify(recorded.evidence)).not.toContain(TOKEN);
});

/** A recording of requests of the session, and of another one. */
function recording(name: string, ...bodies: readonly string[]): string {
  const exchanges = bodies.flatMap((body, n) =>
    [id, "ses_another"].map((sessionId, own): WireExchange => {
      const text = JSON.stringify({ messages: [{ content: body }] });
      return {
        ...{ id: `${name}:${n * 2 + own}`, sessionId, parentSessionId: null, messageId: null, purpose: null },
        ...{ method: "POST", url: "https://a.example/v1", headers: {}, sentAt: n * 2 + own, response: null },
        body: { text, bytes: text.length, hash: createHash("sha256").update(text).digest("hex") },
        end: { how: "complete", at: n * 2 + own + 1, error: null },
      };
    }),
  );
  return writeRecording({ exchanges, notes: [] });
}

test("what was sent to models is kept beside the session, masked and of it alone, and read again", async () => {
  const paths = await temporaryStore();
  const recorder = new SessionRecorder({ paths, masking });
  await recorder.record(seen({ wire: recording("17-a", `use ${TOKEN}`) }), null);
  await recorder.record(seen({ wire: recording("18-b", "later") }), null);
  await recorder.record(seen({ wire: recording("17-a", `use ${TOKEN}`, "more") }), null);
  const recorded = await recorder.record(seen(), null);
  const files = (await readdir(paths.sessions)).filter((name) => name.includes(".wire-")).sort();
  expect(files).toEqual([`${id}.wire-17-a.jsonl`, `${id}.wire-18-b.jsonl`]);
  for (const file of files) {
    expect(await readFile(join(paths.sessions, file), "utf8")).not.toMatch(new RegExp(`${TOKEN}|ses_another`));
    expect((await stat(join(paths.sessions, file))).mode & 0o777).toBe(0o600);
  }
  const { exchanges = [], notes } = recorded.evidence.wire ?? {};
  expect(exchanges.map((exchange) => exchange.id)).toEqual(["17-a:0", "18-b:0", "17-a:2"]);
  expect(exchanges[0]?.body.text).toMatch(/^\{"messages":\[\{"content":"use \[masked: [^\]]+\]"\}\]\}$/);
  expect(notes).toEqual([]);
  expect((await storedSession(paths, id))?.wire).toEqual(recorded.evidence.wire);
  expect(readEvidence([recorded.evidence]).wire).toEqual(recorded.evidence.wire);
});

test("what is kept masked is not looked through again, and is where other rules have masked it", async () => {
  const paths = await temporaryStore();
  await new SessionRecorder({ paths, masking }).record(seen({ wire: recording("17-a", "use it") }), null);
  const file = join(paths.sessions, `${id}.wire-17-a.jsonl`);
  const kept = await readFile(file, "utf8");
  expect(kept.split("\n", 1)).toEqual([JSON.stringify({ t: "tap", v: 1, id: "17-a", masked: MASKING_RULES })]);
  const text = JSON.stringify({ messages: [{ content: `use ${TOKEN}` }] });
  const told = createHash("sha256").update(text).digest("hex");
  const planted = kept.replace(/"hash":"\w+"/, `"hash":"${told}"`).replace("use it", `use ${TOKEN}`);
  const load = async (own: string): Promise<string> => {
    await writeFile(file, own);
    const stored = await storedSession(paths, id);
    if (!stored) throw new Error("the session is stored");
    return JSON.stringify((await maskFound(stored, masking)).wire);
  };
  expect(await load(planted)).toContain(TOKEN);
  expect(await load(planted.replace(MASKING_RULES, "other"))).toContain("use [masked: ");
  const known = await storedSession(paths, id);
  const secrets = known && (await maskFound(known, { ...masking, secrets: [TOKEN] }));
  expect(JSON.stringify(secrets?.wire)).toContain("use [masked: ");
});

test("an export that is kept masked is not looked through again, and is where it has changed or other rules masked it", async () => {
  const paths = await temporaryStore();
  const plain = seen();
  await new SessionRecorder({ paths, masking }).record(plain, null);
  const mark = join(paths.sessions, `${id}.masked.json`);
  const kept = await readFile(mark, "utf8");
  const load = async (own: Masking = masking): Promise<string> => {
    const stored = await storedSession(paths, id);
    if (!stored) throw new Error("the session is stored");
    return JSON.stringify((await maskFound(stored, own)).sessions);
  };
  const file = join(paths.sessions, `${id}.json`);
  const planted = (await readFile(file, "utf8")).replace(/"title": "/, `$&use ${TOKEN} `);
  await writeFile(file, planted);
  expect(await load()).toContain("use [masked: ");
  // As if it had been kept so: a secret that the rules would find shows that they did not look.
  const digest = createHash("sha256").update(planted).digest("hex");
  await writeFile(mark, kept.replace(/(?<="ses_\w+\.json":")\w+/, digest));
  expect(await load()).toContain(TOKEN);
  expect(await load({ ...masking, secrets: [TOKEN] })).toContain("use [masked: ");
  expect(await load({ ...masking, patterns: [/use \S+/] })).not.toContain(TOKEN);
  await writeFile(mark, (await readFile(mark, "utf8")).replace(MASKING_RULES, "other"));
  expect(await load()).toContain("use [masked: ");
  for (const broken of ["", "[]", '{"rules":1', `{"rules":"${MASKING_RULES}","files":[]}`]) {
    await writeFile(mark, broken);
    expect(await load(), broken).toContain("use [masked: ");
  }
});

test("what is kept without looking for tokens is looked through when it is read", async () => {
  const paths = await temporaryStore();
  const raw = new Map([[id, multistep.text.replace(/"title": "/, `$&use ${TOKEN} `)]]);
  const unmasked = { environment: {}, knownShapes: false };
  await new SessionRecorder({ paths, masking: unmasked }).record(seen({ raw }), null);
  expect(await readdir(paths.sessions)).not.toContain(`${id}.masked.json`);
  const stored = await storedSession(paths, id);
  expect(JSON.stringify(stored && (await maskFound(stored, masking)).sessions)).toContain("use [masked: ");
});

test("a store that takes nothing is a note, and the session is handed on", async () => {
  const paths = await temporaryStore();
  await mkdir(dirname(paths.root), { recursive: true });
  await writeFile(paths.root, "in the store's place");
  const recorded = await new SessionRecorder({ paths, masking }).record(
    { tree: multistep.tree, raw: new Map([[id, multistep.text]]), logText: multistep.logText },
    null,
  );
  expect(recorded.stored).toBe(false);
  expect(onlyOne(recorded.notes)).toMatch(/^The session could not be kept below [^:]+: (?!E[A-Z])[a-z ,]+\.$/);
  expect(onlyOne(traceRecorded(recorded))).toEqual(traceOf("multistep@1.18.33", "log"));
});

test("without a session only what was said is masked, and nothing is stored", async () => {
  const paths = await temporaryStore();
  const recorder = new SessionRecorder({ paths, masking });
  const runs = [{ run: run(1, TOKEN), logText: `usage ${TOKEN}` }];
  const recorded = await recorder.record({ tree: null, raw: new Map(), runs }, { run: run(1, TOKEN) });
  expect(recorded).toMatchObject({ tree: null, stored: false, notes: [] });
  expect(JSON.stringify(recorded.beside)).not.toContain(TOKEN);
  const [note = ""] = await recorder.recordStartLog(recorded);
  const path = note.replace("All that opencode said is kept in ", "");
  expect(await readFile(path, "utf8")).toMatch(/^usage \[masked/);
});

test("a long session is in its place before anything is computed of it; of a short one the store says when", async () => {
  for (const more of ["", "x".repeat(200_000)]) {
    const paths = await temporaryStore();
    const text = multistep.text.replace(/"title": "/, `"title": "${more}`);
    const tree = onlyOne(assembleSessions([readExport(text, "test")]));
    const recorder = new SessionRecorder({ paths, masking });
    const { kept } = await recorder.begin({ tree, raw: new Map([[id, text]]) }, []);
    // What blocks the process here must not keep it from there.
    if (more !== "") expect(readdirSync(paths.sessions)).toContain(`${id}.json`);
    expect(await kept).toEqual({ stored: true, notes: [] });
    expect(readdirSync(paths.sessions)).toContain(`${id}.json`);
  }
});
