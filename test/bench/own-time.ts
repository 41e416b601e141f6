/**
 * Where opencode's own time goes: plays the scenarios through looptrace by both drivers, and prints for each what share
 * of the turns has no name. docs/opencode-time.md has the figures.
 *
 *   npx tsx test/bench/own-time.ts                       all scenarios, `cli` and `server`: a quarter of an hour
 *   npx tsx test/bench/own-time.ts server multistep      those of a driver, a scenario
 *   npx tsx test/bench/own-time.ts git mcp multistep     in a git repository; with a slow MCP server
 *   npx tsx test/bench/own-time.ts --opencode <path>     another opencode than the installed one
 *
 * Ends with 1 where more than 5 % of all turns of a driver has no name.
 */
import { readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OpenCode } from "../../src/index.js";
import type { LoopTrace, OwnTime } from "../../src/trace/model.js";
import { PHASE_KINDS } from "../../src/trace/phases.js";
import { loadScenario } from "../provider/load-scenario.js";
import { usersOpenCode } from "./users-opencode.js";

const MOST_UNNAMED = 0.05;
/** Some scenarios go on for ever. */
const DEADLINE_MS = 60_000;
const DRIVERS = ["cli", "server"] as const;
type Driver = (typeof DRIVERS)[number];
/** They need a program that kills opencode, or end only at the deadline. */
const LEFT_OUT = ["killed", "unknown-storm", "quota-exhausted"];

const wishes = process.argv.slice(2);
const pathAt = wishes.indexOf("--opencode");
const [, opencode] = pathAt < 0 ? [] : wishes.splice(pathAt, 2);
const scenarios = readdirSync(fileURLToPath(new URL("../scenarios", import.meta.url)))
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -".json".length))
  .filter((name) => !LEFT_OUT.includes(name));
const unknown = wishes.filter((wish) => ![...DRIVERS, ...scenarios, "git", "mcp"].includes(wish));
if (unknown.length > 0) throw new Error(`There is no ${unknown.join(", ")} among drivers and scenarios.`);
const wanted = <T extends string>(all: readonly T[]): readonly T[] => {
  const some = all.filter((one) => wishes.includes(one));
  return some.length > 0 ? some : all;
};

/** Answers to everything, slowly. */
const MCP_SERVER = `
const readline = require("node:readline");
const send = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\\n");
const tool = { name: "echo", description: "Says it again", inputSchema: { type: "object", properties: {} } };
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  const version = params && params.protocolVersion;
  const serverInfo = { name: "slow", version: "1" };
  if (method === "initialize")
    setTimeout(() => send(id, { protocolVersion: version, capabilities: { tools: {} }, serverInfo }), 700);
  else if (method === "tools/list") setTimeout(() => send(id, { tools: [tool] }), 200);
  else if (id !== undefined) send(id, {});
});
`;

async function play(name: string, driver: Driver): Promise<readonly LoopTrace[]> {
  const scenario = { ...(await loadScenario(name)), ...(wishes.includes("git") ? { git: true } : {}) };
  await using bench = await usersOpenCode(scenario);
  if (wishes.includes("mcp")) {
    const script = join(bench.tmpdir, "slow-mcp.cjs");
    await writeFile(script, MCP_SERVER);
    const config = JSON.parse(await readFile(bench.configPath, "utf8"));
    const mcp = { slow: { type: "local", command: [process.execPath, script] } };
    await writeFile(bench.configPath, JSON.stringify({ ...config, mcp }));
  }
  await mkdir(join(bench.home, "looptrace"), { recursive: true, mode: 0o700 });
  const traces: LoopTrace[] = [];
  let session: string | undefined;
  for (const { text } of scenario.prompts) {
    const agent = new OpenCode({
      driver,
      opencode: opencode ?? bench.binary,
      environment: { ...bench.env, LOOPTRACE_HOME: join(bench.home, "looptrace") },
      directory: bench.workdir,
      model: `scripted/${scenario.models[0]?.id}`,
      retries: 0,
      timeoutMs: DEADLINE_MS,
      ...(session === undefined ? {} : { session }),
    });
    const { sessionId, traces: own, error } = await agent.run(text);
    session = sessionId ?? session;
    traces.push(...own);
    if (error && own.length === 0) console.error(`${name} by ${driver} came to no turn: ${error.message}`);
  }
  return traces;
}

const percent = (part: number, whole: number): string => (whole === 0 ? "" : `${((100 * part) / whole).toFixed(1)} %`);
const total = (own: readonly OwnTime[], kind: keyof OwnTime): number =>
  own.reduce((sum, one) => sum + (one[kind] ?? 0), 0);

let isBad = false;
for (const driver of wanted(DRIVERS)) {
  const all: LoopTrace[] = [];
  console.log(
    `\n| ${driver} | turns, ms | model, tools, waits | opencode | without a name | by phase, ms | around the turns, ms |`,
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  for (const name of wanted(scenarios)) {
    const traces = await play(name, driver);
    all.push(...traces);
    row(name, traces);
  }
  row("all", all);
  const duration = all.reduce((sum, { loop }) => sum + loop.account.duration, 0);
  const rest = all.reduce((sum, { loop }) => sum + loop.ownTime.other, 0);
  isBad ||= duration === 0 || rest / duration > MOST_UNNAMED;
}
process.exitCode = isBad ? 1 : 0;

function row(name: string, traces: readonly LoopTrace[]): void {
  const loops = traces.map(({ loop }) => loop);
  const duration = loops.reduce((sum, { account }) => sum + account.duration, 0);
  const own = loops.reduce((sum, { account }) => sum + account.other, 0);
  const times = loops.map(({ ownTime }) => ownTime);
  const phases = PHASE_KINDS.flatMap((kind) => (total(times, kind) > 0 ? [`${kind} ${total(times, kind)}`] : []));
  const around = new Map<string, number>();
  for (const { kind, start, end } of loops.flatMap((loop) => loop.around))
    around.set(kind, (around.get(kind) ?? 0) + end - start);
  const cells = [
    ...[name, String(duration), percent(duration - own, duration), percent(own, duration)],
    ...[percent(total(times, "other"), duration), phases.join(", ")],
    [...around].map(([kind, ms]) => `${kind} ${ms}`).join(", "),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
