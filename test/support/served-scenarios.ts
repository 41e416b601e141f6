import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { storePaths } from "../../src/files/store-paths.js";
import { installWirePlugin } from "../../src/opencode/program/wire-plugin.js";
import { connect } from "../../src/opencode/server/connection.js";
import { freePort } from "../../src/opencode/server/free-port.js";
import { pluginRecordingsFolder } from "../../src/wire/plugin-recordings.js";
import type { Scenario } from "../provider/scenario.js";
import { type Provider, startProvider } from "../provider/start-provider.js";
import {
  endLeftovers,
  LONG_RUN,
  makeHome,
  openCodeConfig,
  openCodeEnvironment,
  writeFiles,
} from "./isolated-opencode.js";
import { preloaded } from "./preloaded.js";

/** A server of any opencode 1.x with the tap in it, for scripts: nothing of looptrace's own starts or follows it. */
export interface ServedScenarios {
  /** The folder in which its requests are recorded. */
  readonly recordings: string;
  /** Plays a scenario's prompts in a session, and refuses what it asks permission for. */
  play(scenario: Scenario): Promise<PlayedScenario>;
  close(): Promise<void>;
}

interface PlayedScenario extends AsyncDisposable {
  readonly sessionId: string;
  readonly provider: Provider;
}

const PASSWORD = "sesame";
/** Between two looks. */
const LOOK_MS = 50;
/** Some versions try again what others do not, for ever. */
const DEADLINE_MS = 60_000;

/** @param tap how the tap comes into it */
export async function serveScenarios(binary: string, tap: "preload" | "plugin"): Promise<ServedScenarios> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "served-scenarios-")));
  const place = { home: join(root, "home"), tmpdir: join(root, "tmp"), configPath: join(root, "none.json") };
  await mkdir(place.tmpdir);
  await makeHome(place.home);
  const { OPENCODE_DISABLE_PROJECT_CONFIG: _no, OPENCODE_CONFIG: _none, ...bare } = openCodeEnvironment(place);
  const isPlugin = tap === "plugin";
  const recordings = isPlugin ? pluginRecordingsFolder(storePaths(bare).root) : join(root, "wire");
  if (isPlugin) await installWirePlugin(bare, true);
  else await mkdir(recordings, { mode: 0o700 });
  const env = {
    ...bare,
    ...LONG_RUN,
    ...(isPlugin ? {} : await preloaded(root, recordings)),
    OPENCODE_SERVER_PASSWORD: PASSWORD,
  };
  const port = await freePort();
  const said = join(root, "said");
  const out = await open(said, "a");
  const child = spawn(binary, ["serve", "--hostname=127.0.0.1", `--port=${port}`], {
    ...{ cwd: root, env, detached: true, stdio: ["ignore", out.fd, out.fd] },
  });
  await out.close();
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, "SIGKILL");
  };
  process.once("exit", kill);
  const close = async (): Promise<void> => {
    process.off("exit", kill);
    const isOver = child.exitCode !== null || child.signalCode !== null;
    const ended = isOver ? undefined : once(child, "exit");
    kill();
    await ended;
    await endLeftovers(place.home);
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    while (!(await readFile(said, "utf8")).includes("listening on")) {
      if (child.exitCode !== null) throw new Error(`opencode serve ended: ${await readFile(said, "utf8")}`);
      await sleep(LOOK_MS);
    }
  } catch (problem) {
    await close();
    throw problem;
  }
  const connection = { url: `http://127.0.0.1:${port}`, password: PASSWORD };
  let count = 0;
  const play = async (scenario: Scenario): Promise<PlayedScenario> => {
    count += 1;
    const above = join(root, `${count}-${scenario.name}`);
    const workdir = join(above, "work");
    await mkdir(workdir, { recursive: true });
    await writeFiles(scenario.files, workdir);
    const provider = await startProvider(scenario, { workdir });
    try {
      const config = openCodeConfig(scenario, { url: provider.url, workdir });
      await writeFile(join(above, "opencode.json"), JSON.stringify(config));
      const client = await connect(connection, workdir);
      const { data: session } = await client.session.create({});
      if (!session) throw new Error("no session was made");
      const { stopAfter } = scenario;
      const killing =
        stopAfter &&
        provider
          .arrivalOf(stopAfter.request)
          .then(() => sleep(stopAfter.ms))
          .then(kill);
      for (const { text } of scenario.prompts) await prompted(client, session.id, text);
      await killing;
      // A title may be under way.
      while (provider.requests.some(({ outcome }) => outcome === "open")) await sleep(LOOK_MS);
      await sleep(LOOK_MS);
      return { sessionId: session.id, provider, [Symbol.asyncDispose]: () => provider.close() };
    } catch (problem) {
      await provider.close();
      throw problem;
    }
  };
  return { recordings, play, close };
}

/** A prompt and its end, whatever that is. */
async function prompted(client: OpencodeClient, sessionID: string, text: string): Promise<void> {
  const giveUpAt = performance.now() + DEADLINE_MS;
  let isOver = false;
  const over = client.session
    .prompt({ sessionID, parts: [{ type: "text", text }] })
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
    });
  while (!isOver) {
    const { data = [] } = await client.permission.list().catch(() => ({ data: [] }));
    for (const { id } of data) await client.permission.reply({ requestID: id, reply: "reject" }).catch(() => undefined);
    if (performance.now() > giveUpAt) await client.session.abort({ sessionID }).catch(() => undefined);
    await Promise.race([over, sleep(LOOK_MS)]);
  }
}
