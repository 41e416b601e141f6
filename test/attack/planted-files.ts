import { chmod, chown, mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runCli } from "../../src/cli/program.js";
import { PUBLIC_KEY, SECRET_KEY } from "../support/destinations.js";
import { loadFixture } from "../support/fixtures.js";
import { startHttpProxy } from "../support/http-proxy.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import type { AttackResult } from "./support/attack.js";

export const name = "planted-files";

/** Somebody else; only root can give files away, so for everybody else the modes alone are tried. */
const STRANGER = 65_534;
const canGive = process.getuid?.() === 0;

/** Where the file stands, of the folders in which it was once looked for; `work` is where the command is called. */
const PLACES = ["work", "parent", "repository", "above"] as const;
const OWNERS = canGive ? (["mine", "strange"] as const) : (["mine"] as const);
const MODES = [0o644, 0o664, 0o666] as const;
const HIDDEN_BY = ["nothing", "a link", "an open folder"] as const;

type Settings = (url: string, program: string) => object;

const SETTINGS: Readonly<Record<string, Settings>> = {
  "langfuse.baseUrl": (baseUrl) => ({ langfuse: { baseUrl } }),
  "langfuse with keys": (baseUrl) => ({ langfuse: { baseUrl, publicKey: "pk-lf-x", secretKey: "sk-lf-x" } }),
  "otlp.tracesEndpoint": (url) => ({ otlp: { tracesEndpoint: `${url}/v1/traces` } }),
  opencode: (_, program) => ({ opencode: program }),
};

interface Around {
  /** The stranger's, which nothing may reach. */
  readonly receiver: Receiver;
  /** The user's own Langfuse. */
  readonly mine: string;
  /** A proxy that lets nothing through. */
  readonly blocked: string;
}

interface Case {
  readonly place: (typeof PLACES)[number];
  readonly owner: "mine" | "strange";
  readonly mode: number;
  readonly hiddenBy: (typeof HIDDEN_BY)[number];
  readonly setting: string;
}

/**
 * Plants a configuration that nobody has allowed in every way there is; whatever happens, nothing of it may come true.
 */
export async function run(): Promise<AttackResult> {
  const receiver = await startReceiver({ dialect: "otlp" });
  const own = await startReceiver({ dialect: "otlp" });
  const proxy = await startHttpProxy({ refuse: 403 });
  const around = { receiver, mine: own.url, blocked: proxy.address };
  const failures: string[] = [];
  const cases = allCases();
  let refused = 0;
  try {
    for (const one of cases) {
      const { code, problem } = await attempt(one, around);
      if (code === 2) refused += 1;
      if (problem !== undefined) failures.push(`${JSON.stringify(one)}: ${problem}`);
    }
  } finally {
    await Promise.all([receiver.close(), own.close(), proxy.close()]);
  }
  return {
    figures: [
      `${cases.length} planted files: ${refused} refused, ${cases.length - refused} left out, ${failures.length} obeyed`,
      ...(canGive ? [] : ["files of another user were not tried: only root can give them away"]),
    ],
    failures,
  };
}

function allCases(): readonly Case[] {
  return PLACES.flatMap((place) =>
    OWNERS.flatMap((owner) =>
      MODES.flatMap((mode) =>
        HIDDEN_BY.flatMap((hiddenBy) =>
          Object.keys(SETTINGS).map((setting) => ({ place, owner, mode, hiddenBy, setting })),
        ),
      ),
    ),
  );
}

async function attempt(
  { place, owner, mode, hiddenBy, setting }: Case,
  { receiver, mine, blocked }: Around,
): Promise<{ readonly code: number; readonly problem: string | undefined }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "planted-")));
  try {
    const above = join(root, "above");
    const repository = join(above, "repository");
    const parent = join(repository, "parent");
    const work = join(parent, "work");
    const folders = { above, repository, parent, work };
    await mkdir(join(repository, ".git"), { recursive: true });
    await mkdir(work, { recursive: true });
    const sign = join(root, "started");
    const program = join(root, "program");
    await writeFile(program, `#!/bin/sh\ntouch '${sign}'\nexit 9\n`);
    await chmod(program, 0o755);
    await writeFile(join(root, "session.json"), loadFixture("multistep@1.18.33").text);

    const seen = join(folders[place], "looptrace.config.json");
    const real = hiddenBy === "nothing" ? seen : join(root, "elsewhere", "file.json");
    await mkdir(dirname(real), { recursive: true });
    await writeFile(real, JSON.stringify(SETTINGS[setting]?.(receiver.url, program)));
    await chmod(real, mode);
    if (real !== seen) await symlink(real, seen);
    if (hiddenBy === "an open folder") await chmod(dirname(real), 0o777);
    if (owner === "strange") {
      for (const path of new Set([real, dirname(real)])) if (path !== root) await chown(path, STRANGER, STRANGER);
    }

    const before = receiver.requests.length;
    const env = {
      PATH: "/none",
      HOME: root,
      LOOPTRACE_HOME: join(root, "store"),
      // The keys go to the file's host if any: Langfuse's cloud, the default, is out of reach at once.
      HTTPS_PROXY: blocked,
      LANGFUSE_PUBLIC_KEY: PUBLIC_KEY,
      LANGFUSE_SECRET_KEY: SECRET_KEY,
      ...(setting.startsWith("langfuse") ? {} : { LANGFUSE_BASE_URL: mine }),
    };
    const isProgram = setting === "opencode";
    const argv = isProgram ? ["run", "hi"] : ["trace", join(root, "session.json")];
    const silent = (): void => undefined;
    const sizes = { outIsTty: false, errIsTty: false, width: 80, errWidth: 80, errHeight: 24 };
    const code = await runCli(argv, {
      ...{ env, cwd: work, out: silent, err: silent, readStdin: async () => "" },
      ...sizes,
    });
    const started = await stat(sign).then(
      () => true,
      () => false,
    );
    if (started) return { code, problem: "its program was started" };
    if (receiver.requests.length > before) return { code, problem: "something was sent to its host" };
    // Of what is in the user's own project more would be sent, and elsewhere, than the file means.
    const isInProject = place === "work" || place === "parent";
    if (isInProject && code !== 2) return { code, problem: `it was left out, exit code ${code}` };
    return { code, problem: undefined };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
