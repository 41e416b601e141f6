import { execFileSync } from "node:child_process";
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRunFolder } from "../../src/opencode/program/run-folder.js";
import { createRandom, type Random } from "../bench/random.js";
import { loadFixture } from "../support/fixtures.js";
import { startReceiver } from "../support/receiver.js";
import type { AttackResult } from "./support/attack.js";
import { endWithin, rawFailure, startBuilt } from "./support/start-built.js";

export const name = "files";

const SEED = 7;
const ROUNDS = 12;
const LIMIT_MS = 60_000;
const MOST_MEGABYTES = 400;
/** Somebody else; only root can be somebody else. */
const STRANGER = 65_534;
const canBeOthers = process.getuid?.() === 0;

/** What can lie under a name that looptrace looks at. */
const PLANTS: readonly [Plant, ...Plant[]] = [
  (path) => execFileSync("mkfifo", [path]),
  (path) => symlink("/dev/zero", path),
  (path) => symlink("/dev/random", path),
  (path) => symlink("/nonexistent", path),
  (path) => symlink("/etc", path),
  (path) => mkdir(path, { mode: 0o700 }),
  (path) => writeFile(path, "planted"),
  (path) => writeFile(path, "\0".repeat(100_000)),
];
type Plant = (path: string) => unknown;

/**
 * Pipes, devices, links and other users' files under the names that looptrace looks at, in the temporary folder and in
 * its own.
 */
export async function run(): Promise<AttackResult> {
  const failures: string[] = [];
  const random = createRandom(SEED);
  const temporary = await inTemporaryFolder(random, failures);
  const own = await inOwnFolder(random, failures);
  const figures = [
    `${temporary.planted} things planted in a shared temporary folder: ${ROUNDS} runs ended in time, with ${temporary.peak} MB at most`,
    `${own.planted} things planted in looptrace's own folder: nothing of it was sent, and nothing was written elsewhere`,
    ...(canBeOthers ? [] : ["not root: another user's files were not tried"]),
  ];
  return { figures, failures };
}

async function inTemporaryFolder(
  random: Random,
  failures: string[],
): Promise<{ readonly planted: number; readonly peak: number }> {
  const mine = await createRunFolder();
  const [, , start = "0", place = ""] = mine.path.slice(tmpdir().length + 1).split("-");
  await mine.remove();
  let planted = 0;
  let peak = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const home = await mkdtemp(join(tmpdir(), "attack-files-"));
    const shared = join(home, "tmp");
    try {
      await mkdir(shared);
      await chmod(shared, 0o1777);
      for (let index = 0; index < 20; index += 1) {
        const path = join(shared, `looptrace-4999999-${start}-${place}-x${index}`);
        if (random.next() < 0.5) await random.pick(PLANTS)(path);
        else {
          await mkdir(path, { mode: 0o700 });
          await random.pick(PLANTS)(join(path, random.pick(["run-id", "kept", "tmp"])));
        }
        if (canBeOthers && random.next() < 0.5) {
          const { isLink, isFolder } = await lstat(path).then((found) => ({
            isLink: found.isSymbolicLink(),
            isFolder: found.isDirectory(),
          }));
          if (!isLink) await chown(path, STRANGER, STRANGER);
          if (isFolder && random.next() < 0.5) await chmod(path, 0o777);
        }
        planted += 1;
      }
      await writeFile(join(home, "opencode"), '#!/bin/sh\n[ "$1" = --version ] && echo 1.18.33\nexit 1\n', {
        mode: 0o755,
      });
      const env = {
        PATH: process.env.PATH,
        HOME: home,
        TMPDIR: shared,
        LOOPTRACE_HOME: join(home, "lt"),
        LOOPTRACE_OPENCODE: join(home, "opencode"),
      };
      const started = startBuilt(["run", "--driver", round % 2 === 0 ? "cli" : "auto", "Go."], {
        env,
        cwd: home,
      });
      const watching = setInterval(() => {
        peak = Math.max(peak, started.peakMegabytes() ?? 0);
      }, 50);
      const raw = rawFailure(await endWithin(started, LIMIT_MS));
      clearInterval(watching);
      if (raw !== undefined) failures.push(`temporary folder, seed ${SEED}, round ${round}: ${raw}`);
      if (peak > MOST_MEGABYTES) failures.push(`temporary folder, seed ${SEED}, round ${round}: it took ${peak} MB`);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  }
  return { planted, peak };
}

async function inOwnFolder(random: Random, failures: string[]): Promise<{ readonly planted: number }> {
  const receiver = await startReceiver();
  const { text } = loadFixture("plain-answer@1.18.33");
  let planted = 0;
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const home = await mkdtemp(join(tmpdir(), "attack-files-"));
      const store = join(home, "lt");
      const elsewhere = join(home, "elsewhere");
      try {
        for (const folder of [store, elsewhere]) await mkdir(folder, { mode: 0o700 });
        const folder = random.pick(["outbox", "sent", "sessions", "rejected"] as const);
        const kind = random.pick(canBeOthers ? (["link", "open", "strange"] as const) : (["link", "open"] as const));
        if (kind === "link") await symlink(elsewhere, join(store, folder));
        else {
          await mkdir(join(store, folder), { mode: 0o700 });
          if (kind === "open") await chmod(join(store, folder), 0o777);
          else await chown(join(store, folder), STRANGER, STRANGER);
        }
        planted += 1;
        await writeFile(join(home, "e.json"), text);
        const keys = {
          LANGFUSE_PUBLIC_KEY: "pk-lf-attack",
          LANGFUSE_SECRET_KEY: "sk-lf-attack",
          LANGFUSE_BASE_URL: receiver.url,
        };
        const env = { PATH: process.env.PATH, HOME: home, LOOPTRACE_HOME: store, ...keys };
        for (const argv of [["push"], ["trace", "e.json"], ["push", "--status"]]) {
          const end = await endWithin(startBuilt(argv, { env, cwd: home }), LIMIT_MS);
          const raw = rawFailure(end);
          const what = `own folder, seed ${SEED}, round ${round} (${folder} is ${kind}), ${argv.join(" ")}`;
          if (raw !== undefined) failures.push(`${what}: ${raw}`);
          else if (end !== "hung" && end.code !== 2) failures.push(`${what}: it was used (exit code ${end.code})`);
        }
        if ((await readdir(elsewhere)).length > 0)
          failures.push(`own folder, round ${round}: something was written through a link`);
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    }
    if (receiver.requests.length > 0) failures.push(`own folder: ${receiver.requests.length} requests were sent`);
  } finally {
    await receiver.close();
  }
  return { planted };
}
