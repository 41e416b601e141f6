/**
 * Stands in opencode's place before the server that all tests share: what looptrace starts as `opencode serve` is a
 * door to it, for one directory, and as `opencode export`, `opencode session list` and the question for children in
 * `opencode db` it asks it. `opencode run` is the real one, attached to that server. Whatever is about starting, or
 * wants a configuration of its own, is done by the real program, cold.
 *
 * @example `node warm-opencode-program.js settings.json serve --hostname=127.0.0.1 --port=4711`
 */
import { spawn } from "node:child_process";
import { closeSync, fstatSync, linkSync, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import { constants } from "node:os";
import { join } from "node:path";
import type { WarmSettings } from "./warm-server.js";

const [settingsPath = "", ...argv] = process.argv.slice(2);
const settings: WarmSettings = JSON.parse(readFileSync(settingsPath, "utf8"));
const { OPENCODE_CONFIG_CONTENT, OPENCODE_SERVER_PASSWORD = "", PWD } = process.env;
/** opencode believes `PWD` more than its real working directory. */
const directory = PWD ?? process.cwd();
const optionOf = (name: string): string | undefined =>
  argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);

if (argv[0] === "serve" && !OPENCODE_CONFIG_CONTENT) {
  serve(Number(optionOf("port")));
} else if (argv[0] === "export" && argv.length === 2) {
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
 * Hands all requests on, each for this directory if for no other, and what the server logs of its sessions before what
 * it answers.
 */
function serve(port: number): void {
  const expected = `Basic ${Buffer.from(`opencode:${OPENCODE_SERVER_PASSWORD}`).toString("base64")}`;
  const passLog = logOf(settings.log);
  shareRecording();
  const handOn = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401).end();
      return;
    }
    const url = new URL(request.url ?? "/", settings.url);
    const named = request.headers["x-opencode-directory"] ?? url.searchParams.get("directory");
    if (!named) url.searchParams.set("directory", directory);
    const headers = { ...request.headers, host: url.host, authorization: settings.authorization };
    // A connection that is not kept cannot turn out to be dead.
    const asked = send(url, { method: request.method, headers, agent: false }, (answer) => {
      passLog();
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("data", (chunk) => {
        passLog();
        response.write(chunk);
      });
      answer.once("end", () => response.end());
      answer.once("error", () => response.destroy());
    });
    asked.once("error", (error) => {
      process.stderr.write(`${request.method} ${request.url}: ${error.message}\n`);
      response.destroy();
    });
    response.once("close", () => asked.destroy());
    request.pipe(asked);
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, handOn);
  server.listen(port, "127.0.0.1", () => {
    process.stdout.write(`opencode server listening on http://127.0.0.1:${port}\n`);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
}

/** Puts what is recorded of the server's requests to models where looptrace looks for this one's. */
function shareRecording(): void {
  const folder = process.env.LOOPTRACE_WIRE_FOLDER;
  // Empty: nothing is to be recorded.
  if (!folder) return;
  for (const name of readdirSync(settings.wire)) linkSync(join(settings.wire, name), join(folder, name));
}

/**
 * Writes to standard error what a log grew by since then, as far as it is about this directory or about sessions that
 * were made for it.
 */
function logOf(path: string): () => void {
  const file = openSync(path, "r");
  let read = fstatSync(file).size;
  let rest = "";
  const mine = new Set<string>([directory]);
  process.once("exit", () => closeSync(file));
  return () => {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - read));
    read += readSync(file, buffer, 0, buffer.length, read);
    const lines = `${rest}${buffer.toString("latin1")}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (![...mine].some((one) => line.includes(one))) continue;
      for (const [id] of line.matchAll(/\bses_\w+/g)) mine.add(id);
      writeSync(2, Buffer.from(`${line}\n`, "latin1"));
    }
  };
}

/**
 * The real `opencode run`, as a client of the server, with what that logs of it among its own log. Where it is ended,
 * so is the turn, which would else go on at the server.
 */
function runAttached(): void {
  const [username = "", password = ""] = atob(settings.authorization.slice("Basic ".length)).split(":");
  const passLog = logOf(settings.log);
  shareRecording();
  const { BUN_INSPECT_PRELOAD: _tap, LOOPTRACE_WIRE_FOLDER: _folder, ...env } = process.env;
  const passing = setInterval(passLog, 20);
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
    passLog();
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
