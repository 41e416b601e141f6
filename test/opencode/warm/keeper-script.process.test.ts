import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { KEEPER_SCRIPT } from "../../../src/opencode/warm/keeper-script.js";
import { startOf } from "../../../src/opencode/warm/process-start.js";

/** What a keeper makes of a server that no run uses. */
async function endOf(shell: string, { kb = "9999999", limit = "600", ...variables }) {
  const servers = await mkdtemp(join(tmpdir(), "keeper-script-"));
  onTestFinished(() => rm(servers, { recursive: true, force: true }));
  const folder = join(servers, "one");
  await mkdir(join(folder, "leases"), { recursive: true });
  await writeFile(join(folder, "server.json"), "{}");
  await writeFile(join(folder, "idle-limit"), `${limit}\n`);
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
    },
    stdio: ["pipe", "ignore", "ignore", "pipe"],
  });
  keeper.stdin?.end(`${server.pid} ${startOf(server.pid ?? 0)}\n`);
  const [code] = await once(keeper, "exit");
  await vi.waitFor(() => expect(startOf(server.pid ?? 0)).toBeUndefined(), 10_000);
  return { code, isThere: existsSync(folder), why: readFileSync(join(servers, "last-end"), "utf8").trim() };
}

/** What sh is on Debian, and what it is on a Mac. */
describe.each(["sh", "bash"])("in %s", (shell) => {
  test.each<[what: string, wish: Parameters<typeof endOf>[1], why: RegExp]>([
    ["without use for its time", { limit: "0" }, /^no run used it for long enough$/],
    ["that no run has told how long it may stay", { limit: "soon" }, /^no run used it for long enough$/],
    ["that has grown", { kb: "1" }, /^it had grown to \d+ MB$/],
    ["whose session of systemd is over", { SESSION: "/no/such/session" }, /^its user had logged out$/],
    ["whose terminal is gone", { LEADER: "4194305 1" }, /^its user had logged out$/],
    ["whose terminal is another's by now", { LEADER: `${process.pid} 1` }, /^its user had logged out$/],
  ])("a server %s ends, and leaves nothing", async (_, wish, why) => {
    expect(await endOf(shell, wish)).toEqual({ code: 0, isThere: false, why: expect.stringMatching(why) });
  });
});
