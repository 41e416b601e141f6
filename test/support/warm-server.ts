import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, open, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { freePort } from "../../src/opencode/server/free-port.js";
import { tapFile } from "../../src/wire/tap/tap-file.js";
import {
  endLeftovers,
  LONG_RUN,
  makeHome,
  openCodeBinary,
  openCodeEnvironment,
  readsStore,
} from "./isolated-opencode.js";
import { type WarmDoors, warmDoors } from "./warm-doors.js";

export const warmSettings = z.object({
  url: z.string(),
  authorization: z.string(),
  /** The file with the server's log. */
  log: z.string(),
  /** The folder in which its requests to models are recorded. */
  wire: z.string(),
  /** The real opencode, and the environment in which its commands find the server's sessions. */
  binary: z.string(),
  env: z.record(z.string(), z.string()),
});
export type WarmSettings = z.infer<typeof warmSettings>;

/** The real opencode's server for a whole run of the tests. */
export interface WarmServer {
  readonly settings: WarmSettings;
  /** A program to be started in opencode's place: see warm-opencode-program.ts and warm-doors.ts. */
  readonly program: string;
  /** Ends it at once, as a crash would. */
  crash(): Promise<void>;
  /** Starts it again after a crash, at the same address and with what it had stored. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts an `opencode serve` with a home of its own. It takes the configuration of each project's `opencode.json`,
 * which may stand in the folder above: so each directory has a scripted provider of its own.
 *
 * @param compiled the folder with the compiled sources
 * @param options.logsToStore whether its log goes where opencode's own logs are; looptrace's servers then have none
 */
export async function startWarmServer(
  compiled: string,
  { logsToStore = false }: { readonly logsToStore?: boolean } = {},
): Promise<WarmServer> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "warm-opencode-")));
  const place = { home: join(root, "home"), tmpdir: join(root, "tmp"), configPath: join(root, "none.json") };
  await mkdir(place.tmpdir);
  await makeHome(place.home);
  const { OPENCODE_DISABLE_PROJECT_CONFIG: _no, OPENCODE_CONFIG: _none, ...env } = openCodeEnvironment(place);
  const log = join(root, "log");
  const wire = join(root, "wire");
  await mkdir(wire, { mode: 0o700 });
  const tap = tapFile();
  const tapPath = join(root, `tap${tap.extension}`);
  await writeFile(tapPath, tap.text);
  const said = join(root, "said");
  const port = await freePort();
  const binary = openCodeBinary();
  const options = ["serve", "--hostname=127.0.0.1", `--port=${port}`, "--log-level=INFO"];
  let child: ChildProcess | undefined;
  // Also when vitest is ended in the middle.
  const kill = (): void => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, "SIGKILL");
  };
  process.once("exit", kill);
  const crash = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    kill();
    await ended;
  };
  const start = async (): Promise<void> => {
    await writeFile(said, "");
    const [out, err] = [await open(said, "a"), await open(log, "a")];
    const started = spawn(binary, logsToStore ? options : [...options, "--print-logs"], {
      cwd: root,
      env: {
        ...{ ...env, ...LONG_RUN, OPENCODE_SERVER_PASSWORD: "sesame" },
        ...{ BUN_INSPECT_PRELOAD: tapPath, LOOPTRACE_WIRE_FOLDER: wire },
      },
      stdio: ["ignore", out.fd, err.fd],
      detached: true,
    });
    child = started;
    await Promise.all([out.close(), err.close()]);
    while (!(await readFile(said, "utf8")).includes("listening on")) {
      if (started.exitCode !== null) throw new Error(`opencode serve ended: ${await readFile(log, "utf8")}`);
      await new Promise((later) => setTimeout(later, 20));
    }
  };
  let doors: WarmDoors | undefined;
  const stop = async (): Promise<void> => {
    process.off("exit", kill);
    await doors?.close();
    await crash();
    await endLeftovers(place.home);
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    await start();
    const url = `http://127.0.0.1:${port}`;
    const authorization = `Basic ${Buffer.from("opencode:sesame").toString("base64")}`;
    const health = await fetch(`${url}/global/health`, { headers: { authorization } });
    const { version } = z.object({ version: z.string() }).parse(await health.json());
    const settings: WarmSettings = { url, authorization, log, wire, binary, env };
    await writeFile(join(root, "settings.json"), JSON.stringify(settings));
    const program = join(root, "opencode");
    const main = join(compiled, "test", "support", "warm-opencode-program.js");
    doors = await warmDoors(settings);
    const lines = [
      "#!/bin/bash",
      // Each run asks for these: what can be done without a start of node is.
      `if [ "$1" = --version ]; then echo '${version}'; exit; fi`,
      `if [ "$1" = serve ] && [ -z "$OPENCODE_CONFIG_CONTENT" ]; then`,
      ...doors.script,
      "fi",
      ...readsStore(env.XDG_DATA_HOME),
      `exec '${process.execPath}' '${main}' '${root}/settings.json' "$@"`,
    ];
    await writeFile(program, `${lines.join("\n")}\n`);
    await chmod(program, 0o755);
    return { settings, program, crash, restart: start, stop };
  } catch (problem) {
    await stop();
    throw problem;
  }
}
