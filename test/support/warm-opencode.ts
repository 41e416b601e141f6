import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, inject } from "vitest";
import { z } from "zod";
import type { Scenario } from "../provider/scenario.js";
import { startProvider } from "../provider/start-provider.js";
import { askControl } from "./control-server.js";
import {
  endLeftovers,
  type IsolatedOpenCode,
  makeHome,
  openCodeConfig,
  openCodeEnvironment,
  writeFiles,
} from "./isolated-opencode.js";
import { patiently } from "./patience.js";
import { placeLease, type WarmPlaces, warmPlaces } from "./warm-places.js";
import { startWarmServer, type WarmServer, warmSettings } from "./warm-server.js";

const warmAnswer = z.object({ settings: warmSettings, program: z.string() });

const START_MS = patiently(120_000);

// The first file that wants it waits for its start here, where that counts for no test.
beforeAll(async () => {
  // Unit tests have nothing of the kind, and may import this with what else they need.
  const control: string | undefined = inject("sharedProcesses");
  if (control !== undefined) await askControl(control, "opencode");
}, START_MS);

/** An opencode like that of `isolatedOpenCode`, whose server is started already. */
export interface WarmOpenCode extends IsolatedOpenCode {
  /**
   * The server itself, for what talks to it without looptrace; it has the sessions of other tests too, in other
   * directories.
   */
  readonly server: {
    readonly url: string;
    readonly password: string;
    /** In which the real opencode's commands find the server's sessions. */
    readonly env: Readonly<Record<string, string>>;
  };
}

/**
 * What `isolatedOpenCode` gives, in a tenth of the time: one real `opencode serve` for all tests of a run, in which
 * each test has a directory, a configuration and a scripted provider of its own. looptrace's home and temporary folder
 * are the test's own too.
 *
 * `binary`, which `cliEnvironment` hands to looptrace, is a small program that lets looptrace start, follow and end a
 * server of its own, as it thinks (see warm-doors.ts and warm-opencode-program.ts). So this is for all that is not about
 * opencode's start, end, environment or processes: commands of the agent run below the shared server, with its
 * environment, and are not ended with looptrace. `--system` and `--mcp` start a real server, cold as ever. The driver `cli` gets the
 * real `opencode run`, attached to the shared server.
 *
 * A deadline (`--timeout`) still counts; let it be short, and the test wait for what must have happened before by an
 * event.
 *
 * @param options.fresh for what leaves something behind in opencode's memory, such as a permission that is given for
 * `always`
 * @example
 * ```ts
 * await using bench = await warmOpenCode(await loadScenario("multistep"));
 * await looptrace(["run", "do it"], { env: cliEnvironment(bench), cwd: bench.workdir });
 * ```
 * @throws when the scenario wants a git repository: opencode would not look for a configuration above it
 */
export async function warmOpenCode(scenario: Scenario, options: PlaceOptions = {}): Promise<WarmOpenCode> {
  const control = inject("sharedProcesses");
  return await benchAt(
    {
      server: async () => warmAnswer.parse(await askControl(control, "opencode")),
      lease: async (wish) => placeLease.parse(await askControl(control, "lease", wish)),
      aim: async (aim) => void (await askControl(control, "aim", aim)),
      giveBack: async (place) => void (await askControl(control, "giveBack", place)),
    },
    scenario,
    options,
  );
}

/**
 * The same with a server that only the tests of one file have: for what looks at all sessions of a server, or at
 * opencode's own store. To be called at the top of a file; the server runs from its first test to its last one.
 *
 * @param options.logsToStore whether opencode writes its log into its store, as it does for a person
 */
export function ownWarmOpenCode(options: { readonly logsToStore?: boolean } = {}): OwnWarmOpenCode {
  let running: WarmServer | undefined;
  const server = async (): Promise<WarmServer> => running ?? Promise.reject(new Error("no test runs"));
  const places = warmPlaces(server);
  beforeAll(async () => {
    running = await startWarmServer(inject("compiledSources"), options);
  }, START_MS);
  afterAll(async () => {
    await running?.stop();
    await places.remove();
  });
  return Object.assign(
    (scenario: Scenario, wanted: PlaceOptions = {}) => benchAt({ server, ...places }, scenario, wanted),
    { crash: async () => (await server()).crash(), restart: async () => (await server()).restart() },
  );
}

/** Makes a place before a file's own server, which the file may also let crash, and start again. */
interface OwnWarmOpenCode extends Pick<WarmServer, "crash" | "restart"> {
  (scenario: Scenario, options?: PlaceOptions): Promise<WarmOpenCode>;
}

interface PlaceOptions {
  readonly fresh?: boolean;
}

interface Host extends Omit<WarmPlaces, "remove"> {
  server(): Promise<Pick<WarmServer, "settings" | "program">>;
}

async function benchAt(host: Host, scenario: Scenario, { fresh = false }: PlaceOptions): Promise<WarmOpenCode> {
  if (scenario.git) throw new Error(`"${scenario.name}" wants a git repository; use isolatedOpenCode`);
  const { settings, program } = await host.server();
  const config = JSON.stringify(openCodeConfig(scenario, { url: "{{provider}}", workdir: "{{workdir}}" }));
  const { workdir, configPath, formerSessions } = await host.lease({ config, fresh });
  const root = await realpath(await mkdtemp(join(tmpdir(), "warm-opencode-home-")));
  const home = join(root, "home");
  const ownTmpdir = join(root, "tmp");
  await mkdir(ownTmpdir);
  await makeHome(home);
  await writeFiles(scenario.files, workdir);
  const provider = await startProvider(scenario, { workdir, strangers: new Set(formerSessions) });
  await host.aim({ workdir, port: Number(new URL(provider.url).port) });
  let removed: Promise<void> | undefined;
  const giveBack = async (): Promise<void> => {
    await host.giveBack({ workdir });
    await provider.close();
    await endLeftovers(home);
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  const remove = (): Promise<void> => (removed ??= giveBack());
  const env = openCodeEnvironment({ home, tmpdir: ownTmpdir, configPath });
  const { url, authorization, env: serverEnv } = settings;
  const [, password = ""] = Buffer.from(authorization.slice("Basic ".length), "base64").toString().split(":");
  return {
    ...{ env, workdir, home, tmpdir: ownTmpdir, configPath, provider, binary: program, remove },
    server: { url, password, env: serverEnv },
    [Symbol.asyncDispose]: remove,
  };
}
