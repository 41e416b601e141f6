import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StorePaths } from "../../src/files/store-paths.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { SessionRecorder } from "../../src/sessions/session-recorder.js";
import { pluginRecordingsOf } from "../../src/wire/plugin-recordings.js";
import { loadFixture, onlyOne } from "../support/fixtures.js";
import { temporaryStore } from "../support/temporary-store.js";

const multistep = loadFixture("multistep@1.18.33");
const { id } = multistep.session.info;
const TOKEN = `ghp_${"a1B2".repeat(9)}`;
/** No system has so many processes. */
const DEAD = "99999999-mx1a42ku.jsonl";
const HOUR_MS = 60 * 60_000;

/** Lines as the tap writes them. */
function spooled(
  ...requests: readonly (readonly [session: string | null, parent: string | null, body: string])[]
): string {
  const lines: object[] = [
    { t: "tap", v: 1, id: DEAD.replace(".jsonl", ""), pid: 1, at: 1, mode: "plugin", content: true },
  ];
  for (const [n, [session, parent, body]] of requests.entries()) {
    const hash = createHash("sha256").update(body).digest("hex");
    const where = { message: null, method: "POST", url: "https://a.example/v1", headers: {} };
    lines.push({
      t: "request",
      n,
      at: 10 + n,
      session,
      parent,
      ...where,
      hash,
      bytes: body.length,
      base: null,
      prefix: 0,
      suffix: 0,
      middle: body,
    });
    lines.push({ t: "end", n, at: 20 + n, how: "complete" });
  }
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Puts a file where the plugin would. */
async function spool(paths: StorePaths, name: string, text: string, ageMs = 0): Promise<string> {
  const folder = join(paths.root, "wire");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, name), text, { mode: 0o600 });
  const at = new Date(Date.now() - ageMs);
  await utimes(join(folder, name), at, at);
  return folder;
}

const tree = onlyOne(assembleSessions([multistep.session]));
const look = { tree, raw: new Map([[id, multistep.text]]) };
const record = (paths: StorePaths) => new SessionRecorder({ paths, masking: { environment: {} } }).record(look, null);

test("what the plugin has recorded of a session is kept with it, masked, and goes when all of it is kept", async () => {
  const paths = await temporaryStore();
  const text = spooled([id, null, `use ${TOKEN}`], ["ses_below", id, "below"], [null, null, "nobody's"]);
  const folder = await spool(paths, DEAD, text, 2 * HOUR_MS);
  const { evidence } = await record(paths);
  expect(evidence.wire?.exchanges.map(({ body }) => body.text)).toEqual([
    expect.stringMatching(/^use \[masked: [^\]]+\]$/),
    "below",
  ]);
  expect(await readFile(join(paths.sessions, `${id}.wire-${DEAD}`), "utf8")).not.toContain(TOKEN);
  expect(await readdir(folder)).toEqual([]);
  expect((await record(paths)).evidence.wire).toEqual(evidence.wire);
});

test("a recording stays while its process may write, and while a session of it is not kept", async () => {
  const paths = await temporaryStore();
  const own = spooled([id, null, "one"]);
  const running = `${process.pid}-mx1a42ku.jsonl`;
  await spool(paths, DEAD, spooled([id, null, "one"], ["ses_another", null, "two"]), 2 * HOUR_MS);
  await spool(paths, running, own, 2 * HOUR_MS);
  const folder = await spool(paths, DEAD.replace("mx", "my"), own);
  const { evidence } = await record(paths);
  expect(evidence.wire?.exchanges.map(({ sessionId }) => sessionId)).toEqual([id]);
  expect(await readdir(folder)).toHaveLength(3);
});

test("a line that is being written waits for the next look", async () => {
  const paths = await temporaryStore();
  const text = spooled([id, null, "one"], [id, null, "two"]);
  await spool(paths, DEAD, text.slice(0, text.lastIndexOf('{"t":"request"') + 200));
  expect((await record(paths)).evidence.wire).toMatchObject({ exchanges: [{ body: { text: "one" } }], notes: [] });
  await spool(paths, DEAD, text);
  const { wire } = (await record(paths)).evidence;
  expect(wire?.exchanges.map(({ body, end }) => [body.text, end.how])).toEqual([
    ["one", "complete"],
    ["two", "complete"],
  ]);
});

test("what others may have put there is not read", async () => {
  const paths = await temporaryStore();
  const text = spooled([id, null, "one"]);
  const folder = await spool(paths, "notes.jsonl", text);
  await symlink(join(folder, "notes.jsonl"), join(folder, DEAD));
  expect(await pluginRecordingsOf(paths.root, [id])).toEqual([]);
  expect((await record(paths)).evidence).not.toHaveProperty("wire");
});
