/**
 * Stands in for the program `opencode2` of 2.0.26: `serve`, `run --standalone`, `session export` and `session list`,
 * over sessions in a file. Each start is written down. What would start the service that clients share is refused: looptrace must never
 * do that.
 *
 * @example `node opencode2-program-main.js settings.json session export ses_1 --standalone`
 */
import { appendFileSync, readFileSync } from "node:fs";
import { requestJson } from "../../src/opencode/v2/server/request.js";
import { type Fields, fieldsOf } from "../../src/text/json-fields.js";
import { writeFirstLineOfTap } from "./first-line-of-tap.js";
import type { Opencode2Call, Opencode2Settings } from "./opencode2-program.js";
import { runOnce } from "./opencode2-run.js";
import { startOpencode2Server } from "./opencode2-server.js";

const [settingsPath = "", ...argv] = process.argv.slice(2);
const settings: Opencode2Settings = JSON.parse(readFileSync(settingsPath, "utf8"));
const { PWD, BUN_TMPDIR, OPENCODE_PASSWORD } = process.env;
const variables = Object.keys(process.env).filter((name) => name.startsWith("OTEL_"));
const call: Opencode2Call = { argv, pid: process.pid, pwd: PWD, tmpdir: BUN_TMPDIR, otel: variables };
appendFileSync(settings.calls, `${JSON.stringify(call)}\n`);

const [command = "", action = ""] = argv;
const optionOf = (name: string): string | undefined =>
  argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);

if (settings.without.includes(command)) fail(`Unknown command: ${command}`);
if (PWD !== process.cwd()) fail("PWD is not the directory that this works in");
writeFirstLineOfTap();
if (command === "serve") await serve();
else if (command === "run" && argv.includes("--standalone")) await run();
else if (command === "session" && argv.includes("--standalone")) await session();
else fail(`this would start the shared service: ${argv.join(" ")}`);

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

async function serve(): Promise<void> {
  if (OPENCODE_PASSWORD === undefined || argv.includes("--service")) fail("this is no private server");
  const server = await start(OPENCODE_PASSWORD, Number(optionOf("port")));
  process.stdout.write(`server listening on ${server.connection.url}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void server.shutdown().then(() => process.exit(130)));
}

async function start(password: string, port = 0) {
  const { version, store, turns, turnsOf, brokenMessages } = settings;
  const { agent, mcp } = configured();
  const agents = ["build", "plan", ...Object.keys(fieldsOf(agent))];
  const server = await startOpencode2Server({
    ...{ password, port, version, store, agents },
    mcp: Object.keys(fieldsOf(mcp)),
    ...(turns ? { turns } : {}),
    ...(turnsOf ? { turnsOf } : {}),
  });
  if (brokenMessages) server.fail(/GET .*\/message/, Number.POSITIVE_INFINITY, 500);
  return server;
}

async function run(): Promise<void> {
  const code = await runOnce(await start("own"), argv, ["scripted/m1", "scripted/m2"]);
  process.exit(code);
}

/** What the variable for configuration says. */
function configured(): Fields {
  return fieldsOf(JSON.parse(process.env.OPENCODE_CONFIG_CONTENT ?? "{}"));
}

/** As the real one, this asks a server of its own, and does not wait for a pipe to be read. */
async function session(): Promise<void> {
  const { connection } = await start("own");
  const ask = async (path: string): Promise<unknown> => {
    const { status, json } = await requestJson(connection, path);
    return status === 200 ? fieldsOf(json).data : fail(String(fieldsOf(json).message));
  };
  if (action === "export") {
    process.stdout.write(`${JSON.stringify(await ask(`/api/experimental/session/${argv[2]}/export`), null, 2)}\n`);
  } else {
    const limit = optionOf("max-count") ?? "100";
    const rows = await ask(`/api/session?parentID=null&order=desc&project=global&limit=${limit}`);
    const listed = (Array.isArray(rows) ? rows : []).map(fieldsOf).map(({ id, title, time, projectID, location }) => {
      const { created, updated } = fieldsOf(time);
      return { id, title, updated, created, projectId: projectID, directory: fieldsOf(location).directory };
    });
    process.stdout.write(`${JSON.stringify(listed, null, 2)}\n`);
  }
  process.exit(0);
}
