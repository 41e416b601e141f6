import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "../../src/opencode/server.js";
import { type IsolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { builtPath } from "./built.js";
import { followedSessions, promptOf, type Work } from "./followed-sessions.js";
import { type Comparison, median, spreadOf } from "./measure.js";
import { treeCpuMs } from "./process-times.js";
import { type HandServer, serveByHand } from "./serve-by-hand.js";
import type { Plan } from "./sizes.js";
import { usersOpenCode } from "./users-opencode.js";

/** So many at once are busy. */
const SESSIONS = 10;
/** What looptrace may take of what opencode takes, where sessions are at work as with a real model. */
const AIM = 0.05;
const WAYS = ["attach", "watch"] as const;
type Way = (typeof WAYS)[number];
/** No two of them begin and end together, but for those without a pause. */
const BETWEEN_MS: Readonly<Record<Work, number>> = { "as with a real model": 2_000, "without a pause": 0 };

/**
 * What `looptrace attach` and `looptrace watch` take beside ten sessions at work on one opencode server: CPU time of
 * each with its children, against that server's over the same time, from the first prompt until both have told of all
 * turns. Both send to a destination, and `attach` paints on a terminal.
 *
 * The sessions are at work as people's are with a hosted model, see `followed-sessions.ts`; then without any pause,
 * which shows what much at once takes.
 */
export async function compareFollowing(plan: Plan): Promise<readonly Comparison[]> {
  return [...(await compareAt("as with a real model", plan)), ...(await compareAt("without a pause", plan))];
}

async function compareAt(work: Work, plan: Plan): Promise<readonly Comparison[]> {
  const { followedSteps, followingRounds } = plan;
  const bench = await usersOpenCode(followedSessions(work, SESSIONS * (followingRounds + 1), followedSteps));
  const receiver = fork(fileURLToPath(new URL("receiver-process.ts", import.meta.url)), { stdio: "inherit" });
  const followers: Follower[] = [];
  try {
    const [port] = await once(receiver, "message");
    await using server = await serveByHand(bench, openCodeBinary());
    const endpoint = `http://127.0.0.1:${port}`;
    followers.push(await follow(bench, "attach", server, endpoint), await follow(bench, "watch", server, endpoint));
    const rounds: Figures[] = [];
    for (let round = -1; round < followingRounds; round += 1) {
      const figures = await playRound(work, bench, server, followers, (round + 1) * SESSIONS);
      if (round >= 0) rounds.push(figures);
    }
    return WAYS.map((way) => {
      const ratios = rounds.map((figures) => figures[way] / figures.opencode);
      return {
        name: `looptrace ${way} beside ${SESSIONS} sessions, ${work}, CPU time (bare: the server's)`,
        ...{ unit: "ms" as const, looptrace: median(rounds.map((one) => one[way])) },
        bare: median(rounds.map((one) => one.opencode)),
        ratio: median(ratios),
        ...(work === "as with a real model" && { aim: AIM }),
        ...{ rounds: rounds.length, note: `half of the ratios ${spreadOf(ratios, 3)}` },
      };
    });
  } finally {
    for (const { child } of followers) child.kill("SIGKILL");
    receiver.disconnect();
    await bench.remove();
  }
}

/** CPU time of one round, ms. */
type Figures = Readonly<Record<Way | "opencode", number>>;

async function playRound(
  work: Work,
  bench: IsolatedOpenCode,
  server: HandServer,
  followers: readonly Follower[],
  from: number,
): Promise<Figures> {
  const took = (): Record<string, number> => ({
    opencode: treeCpuMs(server.pid),
    ...Object.fromEntries(followers.map(({ way, child }) => [way, treeCpuMs(child.pid ?? 0)])),
  });
  const client = await connect({ url: server.url, username: undefined, password: "bench" }, bench.workdir);
  const before = took();
  for (let session = from; session < from + SESSIONS; session += 1) {
    const { data, error } = await client.session.create({});
    if (!data) throw new Error(`no session: ${JSON.stringify(error)}`);
    await client.session.promptAsync({ sessionID: data.id, parts: [{ type: "text", text: promptOf(session) }] });
    await sleep(BETWEEN_MS[work]);
  }
  for (const follower of followers) await follower.told(from + SESSIONS);
  const after = took();
  const spent = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
  return { opencode: spent("opencode"), attach: spent("attach"), watch: spent("watch") };
}

interface Follower {
  readonly way: Way;
  readonly child: ChildProcess;
  /** Waits until it has told of so many turns. */
  readonly told: (turns: number) => Promise<void>;
}

async function follow(
  bench: IsolatedOpenCode,
  way: Way,
  { url, env }: HandServer,
  endpoint: string,
): Promise<Follower> {
  const folder = join(bench.home, way);
  await mkdir(folder);
  const [errors, turns] = [join(folder, "errors.txt"), join(folder, "turns.jsonl")];
  const argv = [process.execPath, builtPath("cli/main.js"), way, ...(way === "attach" ? [url] : []), "--json"];
  const child = spawn(
    "/usr/bin/script",
    ["--quiet", "--flush", "--command", `exec ${argv.join(" ")} >${turns}`, errors],
    {
      cwd: bench.workdir,
      env: {
        ...{ ...bench.env, ...env, TERM: "xterm", COLUMNS: "100" },
        ...{ LOOPTRACE_HOME: join(folder, "home"), LOOPTRACE_OPENCODE: openCodeBinary() },
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      },
      stdio: ["ignore", "ignore", "ignore"],
    },
  );
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    while (!(await holds())) {
      if (child.exitCode !== null) throw new Error(`looptrace ${way} has ended: ${await textOf(errors)}`);
      await sleep(200);
    }
  };
  await until(async () => (await textOf(errors)).includes("Ctrl-C ends it."));
  return {
    ...{ way, child },
    told: (wanted) => until(async () => (await textOf(turns)).split("\n").length > wanted),
  };
}

async function textOf(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}
