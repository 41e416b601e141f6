import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { z } from "zod";
import { titleModel } from "../provider/choose-reply.js";
import { fillInRecord } from "../provider/fill-in.js";
import type { Scenario } from "../provider/scenario.js";
import { type Provider, startProvider } from "../provider/start-provider.js";

/** An opencode that knows nothing of the user's own, and a scripted provider that it talks to. */
export interface IsolatedOpenCode {
  /** The whole environment of the process, not an addition to one. */
  readonly env: Readonly<Record<string, string>>;
  /** Where opencode works: the scenario's files. */
  readonly workdir: string;
  readonly home: string;
  readonly tmpdir: string;
  /** The generated configuration; `OPENCODE_CONFIG` in `env` names it. */
  readonly configPath: string;
  readonly provider: Provider;
  /** The opencode to start: the real one but for its version, or what stands before a warm server (see `warmOpenCode`). */
  readonly binary: string;
  /** Stops the provider and what opencode left running, and removes every file. May be called twice. */
  remove(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The id of the scripted provider in opencode's configuration: models are called `scripted/<id>`. */
export const providerId = "scripted";

/**
 * For an opencode that runs for long: it wins back what compiling for speed costs, and needs its memory again.
 */
export const LONG_RUN = {
  BUN_JSC_useDFGJIT: "1",
  BUN_JSC_useGC: "1",
  BUN_JSC_largeHeapSize: String(1024 * 1024 * 1024),
} as const;

/** A catalogue of models for opencode in place of its own. */
const noModels = fileURLToPath(new URL("./no-models.json", import.meta.url));

/**
 * What makes an opencode cheaper that lives for a test only. What measures opencode as its users have it takes these
 * settings away.
 */
export const SAVINGS = {
  // The thousands of models that opencode knows take it a quarter of its start to read, and none of them is asked
  // here.
  OPENCODE_MODELS_PATH: noModels,
  // Of the CPU time of a start a sixth goes into compiling for speed what does not run for long enough to win it back.
  BUN_JSC_useDFGJIT: "0",
  BUN_JSC_thresholdForJITAfterWarmUp: "3000",
  // And a quarter into collecting garbage, of which a turn of several steps leaves 300 MB.
  BUN_JSC_useGC: "0",
} as const;

const packages = {
  "chat-completions": "@ai-sdk/openai-compatible",
  messages: "@ai-sdk/anthropic",
  responses: "@ai-sdk/openai",
} as const;

/**
 * Makes a temporary home, fills the working directory, starts the scenario's provider and configures opencode for it.
 *
 * @example
 * ```ts
 * const bench = await isolatedOpenCode(await loadScenario("multistep"));
 * try {
 *   await execa(openCodeBinary(), ["run", "do it"], { cwd: bench.workdir, env: bench.env, extendEnv: false, stdin: "ignore" });
 * } finally {
 *   await bench.remove();
 * }
 * ```
 */
export async function isolatedOpenCode(scenario: Scenario): Promise<IsolatedOpenCode> {
  // opencode reports real paths, and the system's temporary folder may be a link.
  const root = await realpath(await mkdtemp(path.join(os.tmpdir(), "isolated-opencode-")));
  const home = path.join(root, "home");
  const tmpdir = path.join(root, "tmp");
  const workdir = path.join(root, "work");
  const configPath = path.join(root, "opencode.json");
  const binary = path.join(root, "opencode");
  const env = openCodeEnvironment({ home, tmpdir, configPath });
  let provider: Provider | undefined;
  const remove = async () => {
    await provider?.close();
    await endLeftovers(home);
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    for (const folder of [tmpdir, workdir]) await mkdir(folder);
    await makeHome(home);
    await writeOpenCode(binary);
    await writeFiles(scenario.files, workdir);
    if (scenario.git) await makeRepository(workdir, env);
    provider = await startProvider(scenario, { workdir });
    const config = openCodeConfig(scenario, { url: provider.url, workdir });
    await writeFile(configPath, JSON.stringify(config, undefined, 2));
  } catch (problem) {
    await remove();
    throw problem;
  }
  return {
    env,
    workdir,
    home,
    tmpdir,
    configPath,
    provider,
    binary,
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

/**
 * Writes a program that is the installed opencode, but says its version, and what is in its store, by itself: those
 * take opencode half a second to one and a half, and nearly each run asks for them.
 */
export async function writeOpenCode(file: string): Promise<void> {
  const manifest = createRequire(import.meta.url)("opencode-ai/package.json");
  const { version } = z.object({ version: z.string() }).parse(manifest);
  const lines = [
    "#!/bin/sh",
    `if [ "$1" = --version ]; then echo '${version}'; exit; fi`,
    ...readsStore(),
    // So it has the pid that looptrace knows.
    `exec '${openCodeBinary()}' "$@"`,
  ];
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o755 });
}

/**
 * For a script in sh: answers what opencode would be asked of its store, and goes on where that says nothing.
 *
 * @param dataHome the folder that opencode's data is in, if it is not that of the environment
 */
export function readsStore(dataHome?: string): readonly string[] {
  const reader = fileURLToPath(new URL(`./read-opencode-store${path.extname(import.meta.url)}`, import.meta.url));
  const where = dataHome === undefined ? "" : `XDG_DATA_HOME='${dataHome}' `;
  return [
    'case "$1" in',
    // opencode is a Bun with a program in it, and this has it run another one.
    "export|db|session)",
    `  ${where}BUN_BE_BUN=1 '${openCodeBinary()}' '${reader}' "$@"`,
    '  code=$?; [ "$code" = 9 ] || exit "$code" ;;',
    "esac",
  ];
}

/** Puts a scenario's files into its working directory. */
export async function writeFiles(files: Scenario["files"], workdir: string): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(workdir, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

/** The path of the opencode that is installed beside the tests. */
export function openCodeBinary(): string {
  const manifest = createRequire(import.meta.url).resolve("opencode-ai/package.json");
  const name = process.platform === "win32" ? "opencode.cmd" : "opencode";
  const binary = path.join(path.dirname(manifest), "..", ".bin", name);
  if (!existsSync(binary)) throw new Error(`${binary} is missing; \`npm install\` puts it there.`);
  return binary;
}

/** The configuration that makes opencode talk to the scripted provider alone. */
export function openCodeConfig(
  scenario: Scenario,
  { url, workdir }: { readonly url: string; readonly workdir: string },
): Record<string, unknown> {
  const models = Object.fromEntries(
    scenario.models.map(({ id, cost, limit, images }) => [
      id,
      {
        name: id,
        limit,
        ...(images && { attachment: true, modalities: { input: ["text", "image"], output: ["text"] } }),
        ...(cost && {
          cost: {
            input: cost.input,
            output: cost.output,
            cache_read: cost.cacheRead,
            cache_write: cost.cacheWrite,
          },
        }),
      },
    ]),
  );
  return {
    $schema: "https://opencode.ai/config.json",
    share: "disabled",
    autoupdate: false,
    // Language servers and formatters would make runs slower and their edits differ from machine to machine.
    lsp: false,
    formatter: false,
    model: `${providerId}/${scenario.models[0].id}`,
    small_model: `${providerId}/${titleModel}`,
    provider: {
      [providerId]: {
        npm: packages[scenario.protocol],
        name: "Scripted provider",
        options: { baseURL: `${url}/v1`, apiKey: "scripted" },
        models: {
          ...models,
          [titleModel]: { name: titleModel, limit: { context: 100_000, output: 1_000 } },
        },
      },
    },
    ...fillInRecord(scenario.opencode, workdir),
  };
}

/**
 * Makes a home for opencode. It would install a package from npm's registry in its folder of configuration, for each
 * home anew and beside all else that it does, which takes ten times what its start takes, and leaves this machine. So
 * it finds one there.
 */
export async function makeHome(home: string): Promise<void> {
  await mkdir(home);
  await pretendInstalled(path.join(home, ".config", "opencode"));
}

/** Has opencode find what it would install in a folder of configuration. */
export async function pretendInstalled(folder: string): Promise<void> {
  await mkdir(path.join(folder, "node_modules"), { recursive: true });
  const lock = { packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } };
  await writeFile(path.join(folder, "package-lock.json"), JSON.stringify(lock));
}

/** An environment for opencode that lets nothing of the caller's in but the PATH. */
export function openCodeEnvironment(place: {
  readonly home: string;
  readonly tmpdir: string;
  readonly configPath: string;
}): Record<string, string> {
  const { home, tmpdir, configPath } = place;
  return {
    // The running node first: scenarios call `node` in bash.
    PATH: [path.dirname(process.execPath), process.env.PATH ?? ""].join(path.delimiter),
    HOME: home,
    USERPROFILE: home,
    XDG_CONFIG_HOME: path.join(home, ".config"),
    XDG_DATA_HOME: path.join(home, ".local", "share"),
    XDG_STATE_HOME: path.join(home, ".local", "state"),
    XDG_CACHE_HOME: path.join(home, ".cache"),
    TMPDIR: tmpdir,
    SHELL: "/bin/bash",
    LANG: "C.UTF-8",
    TZ: "UTC",
    NO_COLOR: "1",
    OPENCODE_CONFIG: configPath,
    OPENCODE_DISABLE_PROJECT_CONFIG: "1",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
    OPENCODE_DISABLE_CLAUDE_CODE: "1",
    ...SAVINGS,
    // A test leaves no server behind; what is about those that stay says so.
    LOOPTRACE_WARM: "0",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
  };
}

/** One commit with fixed author and dates, so that opencode's project id, the commit's hash, is always the same. */
async function makeRepository(workdir: string, env: Readonly<Record<string, string>>): Promise<void> {
  const date = "2026-01-01T00:00:00Z";
  const author = { GIT_AUTHOR_NAME: "Example", GIT_AUTHOR_EMAIL: "example@example.com" };
  const committer = { GIT_COMMITTER_NAME: "Example", GIT_COMMITTER_EMAIL: "example@example.com" };
  const options = {
    cwd: workdir,
    env: { ...env, ...author, ...committer, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
    extendEnv: false,
  };
  await execa("git", ["init", "--quiet", "--initial-branch=main"], options);
  await execa("git", ["add", "--all"], options);
  await execa("git", ["commit", "--quiet", "--allow-empty", "--message=Begin"], options);
}

/**
 * Ends the processes that a killed opencode left behind: those whose HOME is this bench's. bash tools survive their
 * opencode and would go on writing into folders that are being removed. Without /proc they end by themselves.
 */
export async function endLeftovers(home: string): Promise<void> {
  if (process.platform !== "linux") return;
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      // Nothing is waited for here, and a promise for each costs ten times as much, at the end of each test.
      const environ = readFileSync(`/proc/${entry}/environ`, "utf8");
      if (environ.split("\0").includes(`HOME=${home}`)) process.kill(pid, "SIGKILL");
    } catch {
      // Another user's, or it ended between being found and being killed.
    }
  }
}
