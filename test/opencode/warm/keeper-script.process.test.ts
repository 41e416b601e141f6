import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ENDS, KEEPER_SCRIPT } from "../../../src/opencode/warm/keeper-script.js";
import { startOf } from "../../../src/opencode/warm/process-start.js";
import { eventually } from "../../support/until.js";

interface Wish {
  readonly kb?: string;
  readonly limit?: string;
  /** What is in the server's folder beside, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly folders?: readonly string[];
  readonly SESSION?: string;
  readonly LEADER?: string;
}

/** The session's file in the server's folder. */
const OWN = "own";
const old = new Date("2001-01-01");

/** What a keeper makes of a server that no run uses. */
async function endOf(shell: string, { kb = "9999999", limit = "600", files = {}, folders = [], ...variables }: Wish) {
  const servers = await mkdtemp(join(tmpdir(), "keeper-script-"));
  onTestFinished(() => rm(servers, { recursive: true, force: true }));
  const folder = join(servers, "one");
  await mkdir(join(folder, "leases"), { recursive: true });
  await writeFile(join(folder, "server.json"), "{}");
  await writeFile(join(folder, "idle-limit"), `${limit}\n`);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  for (const name of folders) {
    await mkdir(join(folder, name));
    await utimes(join(folder, name), old, old);
  }
  const server = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  onTestFinished(() => void server.kill("SIGKILL"));
  const own = ["keeper", folder, "no-such-mark", servers, kb];
  const keeper = spawn(shell, ["-c", KEEPER_SCRIPT, ...own], {
    // As which bash does what a plain sh does.
    argv0: "sh",
    env: {
      PATH: "/usr/bin:/bin",
      VARIABLE: "LOOPTRACE_RUN_ID",
      NODE: process.execPath,
      SESSION: "",
      LEADER: "",
      ...variables,
      ...(variables.SESSION === OWN ? { SESSION: join(folder, "session") } : {}),
    },
    stdio: ["pipe", "ignore", "ignore", "pipe"],
  });
  keeper.stdin?.end(`${server.pid} ${startOf(server.pid ?? 0)}\n`);
  const [code] = await once(keeper, "exit");
  await eventually(() => expect(startOf(server.pid ?? 0)).toBeUndefined());
  return { code, isThere: existsSync(folder), why: whyOf(basename(folder), readFileSync(join(servers, ENDS), "utf8")) };
}

/** Of the only server that has ended. */
function whyOf(id: string, ends: string): string {
  expect(ends.startsWith(`${id} `)).toBe(true);
  return ends.slice(id.length + 1).trim();
}

/** What sh is on Debian, and what it is on a Mac. */
describe.each(["sh", "bash"])("in %s", (shell) => {
  test.each<[what: string, wish: Wish, why: RegExp]>([
    ["without use for its time", { limit: "0" }, /^no run used it for long enough$/],
    ["that no run has told how long it may stay", { limit: "soon" }, /^no run used it for long enough$/],
    ["that has grown", { kb: "1" }, /^it had grown to \d+ MB$/],
    ["whose session of systemd is over", { SESSION: "/no/such/session" }, /^its user had logged out$/],
    [
      "whose user has logged out of a session that lasts as long as the server",
      { SESSION: OWN, files: { session: "UID=1000\nSTATE=closing\nREMOTE=1\n" } },
      /^its user had logged out$/,
    ],
    [
      "of which a run was killed before its turn",
      { limit: "0", files: { seen: "", "leases/4194305.1.aa": "since 999999999\n" } },
      /^no run used it for long enough$/,
    ],
    [
      "in whose folder nothing can be written",
      { limit: "0", files: { uses: "." }, folders: ["seen"] },
      /^no run used it for long enough$/,
    ],
    ["whose terminal is gone", { LEADER: "4194305 1" }, /^its user had logged out$/],
    ["whose terminal is another's by now", { LEADER: `${process.pid} 1` }, /^its user had logged out$/],
  ])("a server %s ends, and leaves nothing", async (_, wish, why) => {
    expect(await endOf(shell, wish)).toEqual({ code: 0, isThere: false, why: expect.stringMatching(why) });
  });
});
