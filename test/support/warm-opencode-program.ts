/**
 * Stands in opencode's place before the server that all tests share: as `opencode models` it asks it. `opencode run` is
 * the real one, attached to that server. What looptrace starts as `opencode serve` is a door (warm-doors.ts), and what
 * opencode's store has is read from there (read-opencode-store.ts). Whatever is about starting, or wants a configuration
 * of its own, is done by the real program, cold.
 *
 * @example `node warm-opencode-program.js settings.json models`
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

if (argv.length === 1 && argv[0] === "models") {
  await listModels();
} else if (argv[0] === "run" && !OPENCODE_CONFIG_CONTENT) {
  runAttached();
} else {
  const isOfStore = ["export", "session", "db"].includes(argv[0] ?? "");
  realOpenCode({ ...process.env, ...(isOfStore ? settings.env : {}) });
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

interface Providers {
  readonly providers: readonly { readonly id: string; readonly models: Readonly<Record<string, unknown>> }[];
}

async function listModels(): Promise<void> {
  const { providers } = (await ask("/config/providers")).body as Providers;
  const names = providers.flatMap(({ id, models }) => Object.keys(models).map((model) => `${id}/${model}\n`));
  process.stdout.write(names.sort().join(""));
}
