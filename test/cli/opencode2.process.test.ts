import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { langfuseVariables, looptrace } from "../support/cli.js";
import { PUBLIC_KEY, SECRET_KEY } from "../support/destinations.js";
import { loadOpencode2 } from "../support/opencode2-fixtures.js";
import { type Opencode2ProgramOptions, opencode2Program, type Session2 } from "../support/opencode2-program.js";
import { startReceiver } from "../support/receiver.js";

const subagent = loadOpencode2("subagent");
const multistep = loadOpencode2("multistep");
const killed = loadOpencode2("killed-server@2026-07-20");

function stored({ text, subagentTexts }: ReturnType<typeof loadOpencode2>): readonly Session2[] {
  return [text, ...subagentTexts].map((one): Session2 => JSON.parse(one));
}

async function place(options: Opencode2ProgramOptions = {}) {
  const opencode2 = await opencode2Program({ sessions: [subagent, multistep, killed].flatMap(stored), ...options });
  const around = { env: opencode2.env, cwd: opencode2.workdir };
  return { opencode2, around, run: (...argv: readonly string[]) => looptrace(argv, around) };
}

test("a session of opencode 2 by its id is shown as its export files are", async () => {
  const { opencode2, run } = await place();
  const files = [subagent.text, ...subagent.subagentTexts].map((text, at) => ({
    text,
    path: join(opencode2.folder, `${at}.json`),
  }));
  for (const { path, text } of files) await writeFile(path, text);
  const byFile = await run("show", ...files.map(({ path }) => path));
  const byId = await run("show", subagent.session.info.id);
  expect([byId.code, byId.stderr]).toEqual([0, ""]);
  expect(byId.stdout).toContain("tool.subagent");
  expect(byId.stdout).toBe(byFile.stdout);
  // The second time it is kept, and no server is started.
  const starts = (await opencode2.calls()).length;
  expect((await run("show", subagent.session.info.id)).stdout).toBe(byId.stdout);
  expect((await opencode2.calls()).length).toBe(starts);
});

test("half an answer is shown, the last session is found, and all of them are checked and sent", async () => {
  const { run, around } = await place();
  const half = await run("show", killed.session.info.id, "--json");
  expect(half.code).toBe(0);
  expect(JSON.parse(half.stdout)).toMatchObject([{ loop: { sessionId: killed.session.info.id, steps: [{}] } }]);

  const roots = [subagent, multistep, killed].map(({ session }) => session.info);
  const newest = roots.toSorted((a, b) => (b.time.updated ?? 0) - (a.time.updated ?? 0))[0];
  const last = await run("tokens", "--last", "--fresh");
  expect([last.code, last.stdout]).toEqual([0, expect.stringContaining(newest?.id ?? "none")]);

  const project = { id: "p-1", name: "demo" };
  const receiver = await startReceiver({ keys: { publicKey: PUBLIC_KEY, secretKey: SECRET_KEY }, project });
  onTestFinished(() => receiver.close());
  const keys = langfuseVariables(receiver.url);
  const sent = await looptrace(["trace", "--all"], { ...around, env: { ...around.env, ...keys } });
  expect([sent.code, sent.stderr]).toEqual([0, expect.not.stringContaining("no session")]);
  expect(receiver.violations).toEqual([]);
  expect(new Set(receiver.spans().map(({ traceId }) => traceId)).size).toBe(3);
});

test("a session that neither the program nor looptrace knows is wrong usage, and says who was asked", async () => {
  const { opencode2, run } = await place();
  const { code, stdout, stderr } = await run("show", "ses_00000000000000000000000000");
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(`looptrace: opencode 2.0.26 at ${opencode2.path} knows no session "ses_0`);
});

test("a prompt is run on one server, which is started as opencode 2 wants it, however early", async () => {
  const { opencode2, run } = await place({ turns: [{ steps: [{ text: "It is done." }] }] });
  const { code, stdout, stderr } = await run("run", "Do it.");
  expect([code, stdout.trim(), stderr]).toEqual([0, "It is done.", expect.not.stringContaining("private server")]);
  expect((await opencode2.calls()).map(({ argv }) => argv[0])).toEqual(["serve"]);
});
