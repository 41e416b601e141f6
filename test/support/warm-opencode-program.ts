/**
 * Stands in opencode's place before the server that all tests share: as `opencode export`, `opencode session list` and
 * the question for children in `opencode db` it asks it. `opencode run` is the real one, attached to that server. What
 * looptrace starts as `opencode serve` is a door (warm-doors.ts). Whatever is about starting, or wants a configuration
 * of its own, is done by the real program, cold.
 *
 * @example `node warm-opencode-program.js settings.json export ses_1`
 */
import { spawn } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { logOf, shareRecording } from "./warm-log.js";
import type { WarmSettings } from "./warm-server.js";

const [settingsPath = "", ...argv] = process.argv.slice(2);
const settings: WarmSettings = JSON.parse(readFileSync(settingsPath, "utf8"));
const { OPENCODE_CONFIG_CONTENT, PWD } = process.env;
/** opencode believes `PWD` more than its real working directory. */
const directory = PWD ?? process.cwd();
const optionOf = (name: string): string | undefined =>
  argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);

if (argv[0] === "export" && argv.length === 2) {
  await exportSession(argv[1] ?? "");
} else if (argv[0] === "session" && argv[1] === "list" && optionOf("format") === "json") {
  await listSessions(Number(optionOf("max-count") ?? 100));
} else if (argv[0] === "db" && /\bid, parent_id FROM session\b/.test(argv[1] ?? "")) {
  await listChildren();
} else if (argv[0] === "run" && !OPENCODE_CONFIG_CONTENT) {
  runAttached();
} else {
  realOpenCode({ ...process.env });
}

/** Runs the real program in this one's place. */
function realOpenCode(env: NodeJS.ProcessEnv): void {
  const child = spawn(settings.binary, argv, { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  child.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
}

/**
 * The real `opencode run`, as a client of the server, with what that logs of it among its own log. Where it is ended,
 * so is the turn, which would else go on at the server.
 */
function runAttached(): void {
  const [username = "", password = ""] = atob(settings.authorization.slice("Basic ".length)).split(":");
  const log = logOf(settings.log, directory, (text) => writeSync(2, text));
  shareRecording(settings.wire, process.env.LOOPTRACE_WIRE_FOLDER);
  const { BUN_INSPECT_PRELOAD: _tap, LOOPTRACE_WIRE_FOLDER: _folder, ...env } = process.env;
  const passing = setInterval(log.look, 20);
  const child = spawn(settings.binary, [...argv, `--attach=${settings.url}`], {
    stdio: "inherit",
    env: { ...env, OPENCODE_SERVER_USERNAME: username, OPENCODE_SERVER_PASSWORD: password },
  });
  let asked: NodeJS.Signals | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      asked ??= signal;
      child.kill(signal);
    });
  }
  child.once("exit", async (code, signal) => {
    const ended = asked ?? signal;
    if (ended) {
      const busy = (await ask("/session/status")).body;
      for (const id of Object.keys(Object(busy))) await ask(`/session/${id}/abort`, "POST");
    }
    clearInterval(passing);
    log.look();
    process.exitCode = ended ? 128 + constants.signals[ended] : (code ?? 1);
  });
}

async function ask(path: string, method = "GET"): Promise<{ readonly status: number; readonly body: unknown }> {
  const url = new URL(path, settings.url);
  url.searchParams.set("directory", directory);
  const answer = await fetch(url, { method, headers: { authorization: settings.authorization } });
  return { status: answer.status, body: await answer.json().catch(() => undefined) };
}

async function exportSession(id: string): Promise<void> {
  const [info, messages] = await Promise.all([ask(`/session/${id}`), ask(`/session/${id}/message`)]);
  if (info.status !== 200 || messages.status !== 200) {
    // It has its own words for what it does not know, and gives out what the server refuses to.
    realOpenCode({ ...process.env, ...settings.env });
    return;
  }
  process.stdout.write(`${JSON.stringify({ info: info.body, messages: messages.body }, null, 2)}\n`);
}

interface Listed {
  readonly id: string;
  readonly title: string;
  readonly directory: string;
  readonly projectID: string;
  readonly parentID?: string;
  readonly time: { readonly created: number; readonly updated: number };
}

/** What a query of the store gives that asks for the sessions of subagents; here only for those of this directory. */
async function listChildren(): Promise<void> {
  const { body } = await ask("/session?limit=1000");
  const children = (body as readonly Listed[])
    .filter(({ parentID }) => parentID)
    .sort((a, b) => a.time.created - b.time.created || (a.id < b.id ? -1 : 1))
    .map(({ id, parentID }) => ({ id, parent_id: parentID }));
  process.stdout.write(`${JSON.stringify(children, null, 2)}\n`);
}

async function listSessions(limit: number): Promise<void> {
  const { body } = await ask(`/session?roots=true&limit=${limit}`);
  const rows = (body as readonly Listed[])
    .filter((session) => !session.parentID && session.directory === directory)
    .map(({ id, title, directory: where, projectID: projectId, time: { created, updated } }) => ({
      ...{ id, title, updated, created, projectId, directory: where },
    }));
  if (rows.length > 0) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
}
