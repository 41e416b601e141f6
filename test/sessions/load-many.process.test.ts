import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { loadSessions } from "../../src/sessions/load-sessions.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { loadFixture } from "../support/fixtures.js";
import { temporaryStore } from "../support/temporary-store.js";

const NAMES = ["multistep", "two-turns", "unicode", "subagent", "length", "responses"] as const;
const fixtures = NAMES.map((name) => loadFixture(`${name}@1.18.33`));
const ids = fixtures.map(({ session }) => session.info.id);

/** An opencode whose commands and server know the sessions in the folder, and note what they are asked. */
const PROGRAM = `#!/bin/sh
echo "$1" >> "$SESSIONS/asked"
case "$1" in
  --version) echo 1.18.33 ;;
  db) echo "[]" ;;
  export) cat "$SESSIONS/$2.json" ;;
  serve) exec '${process.execPath}' "$SESSIONS/serve.cjs" "$@" ;;
esac
`;

const SERVER = `
const { appendFileSync, readFileSync, readdirSync } = require("node:fs");
const port = Number(process.argv.find((one) => one.startsWith("--port=")).slice(7));
const folder = process.env.SESSIONS;
const read = (id) => JSON.parse(readFileSync(folder + "/" + id + ".json", "utf8"));
let asked = 0;
require("node:http").createServer((request, response) => {
  const [, first, id, what] = new URL(request.url, "http://a").pathname.split("/");
  const say = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (first === "global") return say(200, { healthy: true, version: "1.18.33" });
  if (!what) appendFileSync(folder + "/asked", "get\\n");
  asked += 1;
  if (asked > Number(process.env.ANSWERS)) return say(500, { message: "no more" });
  if (what === "message") return say(200, read(id).messages);
  if (what === "children") {
    const all = readdirSync(folder).filter((name) => /^ses_.*json$/.test(name)).map((name) => read(name.slice(0, -5)).info);
    return say(200, all.filter(({ parentID }) => parentID === id));
  }
  say(200, read(id).info);
}).listen(port, "127.0.0.1", () => console.log("opencode server listening on http://127.0.0.1:" + port));
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "load-many-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "opencode"), PROGRAM);
  await chmod(join(folder, "opencode"), 0o755);
  for (const { session, text, subagents, subagentTexts } of fixtures) {
    await writeFile(join(folder, `${session.info.id}.json`), text);
    for (const [index, { info }] of subagents.entries())
      await writeFile(join(folder, `${info.id}.json`), subagentTexts[index] ?? "");
  }
});

async function load(answers: number): Promise<{ readonly traces: readonly LoopTrace[]; readonly asked: string[] }> {
  const traces: LoopTrace[] = [];
  await writeFile(join(folder, "asked"), "");
  const options = {
    opencode: join(folder, "opencode"),
    environment: { PATH: process.env.PATH, HOME: folder, SESSIONS: folder, ANSWERS: String(answers) },
    directory: folder,
    paths: await temporaryStore(),
    prefer: "opencode",
    readStdin: async () => "",
  } as const;
  await loadSessions(ids, options, ({ tree, evidence }) => {
    traces.push(...traceSession(tree, evidence));
  });
  const asked = (await readFile(join(folder, "asked"), "utf8")).split("\n");
  return { traces, asked: asked.filter((one) => /^(export|serve|get)$/.test(one)) };
}

test("many sessions are read by one server, or by an export each where it does not start: the traces are the same", async () => {
  await writeFile(join(folder, "serve.cjs"), SERVER);
  const { traces, asked } = await load(1_000);
  expect(asked).toEqual(["serve", ...Array.from({ length: 7 }, () => "get")]);
  await writeFile(join(folder, "serve.cjs"), "process.exit(1)");
  const exported = await load(0);
  expect(exported.asked.toSorted()).toEqual([...Array.from({ length: 7 }, () => "export"), "serve", "serve"]);
  expect(traces).toEqual(exported.traces);
  expect(traces.length).toBeGreaterThanOrEqual(ids.length);
  // In the order in which they were asked for, whichever was read first.
  expect([...new Set(traces.map(({ session }) => session.id))]).toEqual(ids);
});

test("of a server that refuses on the way no session is missing", async () => {
  await writeFile(join(folder, "serve.cjs"), SERVER);
  const { traces, asked } = await load(3);
  expect(asked.filter((one) => one === "export").length).toBeGreaterThan(2);
  expect(asked.filter((one) => one === "serve")).toHaveLength(1);
  expect(new Set(traces.map(({ session }) => session.id))).toEqual(new Set(ids));
});
