import { existsSync } from "node:fs";
import disk, { cp, mkdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { attempt } from "../../../src/errors/thrown.js";
import { ServerPool } from "../../../src/opencode/server/server-pool.js";
import { startOf, ticksNow } from "../../../src/opencode/warm/process-start.js";
import { stopServer } from "../../../src/opencode/warm/stop-servers.js";
import { surveyServers } from "../../../src/opencode/warm/survey-servers.js";
import { sweepServers } from "../../../src/opencode/warm/sweep-servers.js";
import { looptrace, startLooptrace } from "../../support/cli.js";
import { STANDING_PROGRAM, type StandingServer, standingServer } from "../../support/standing-server.js";
import { talkingOpenCode } from "../../support/talking-opencode.js";
import { eventually } from "../../support/until.js";

const ABORTED = { why: "a turn on it was stopped", wasAborted: true };
/** More than any process of Linux has as its number. */
const NO_PROCESS = "4194305.1.aa";

/** Of the server that runs find. */
async function recordOf({ servers, ids }: StandingServer) {
  const id = ids().find((one) => existsSync(join(servers, one, "server.json")));
  return JSON.parse(await readFile(join(servers, id ?? "none", "server.json"), "utf8"));
}

const environmentOf = ({ spec }: StandingServer) => ({
  ...spec.environment,
  LOOPTRACE_OPENCODE: spec.path,
  LOOPTRACE_WARM: "10m",
});

test("a run that is killed while its server starts leaves nothing of it", async () => {
  const standing = await standingServer();
  await writeFile(join(standing.folder, "slow"), "");
  const run = startLooptrace(["run", "hello"], { env: environmentOf(standing), cwd: standing.spec.directory });
  await eventually(async () => expect(await standing.starts()).toHaveLength(1));
  run.child.kill("SIGKILL");
  await run.ended;
  await eventually(() => expect(standing.ids()).toEqual([]));
  const [pid = 0] = await standing.starts();
  expect(startOf(pid)).toBeUndefined();
});

test("a killed run's turns are ended on a server that others use, which goes with the last of them", async () => {
  const standing = await standingServer();
  const other = await standing.lease();
  await other?.enter(standing.spec.directory);
  const [id = ""] = standing.ids();
  // Of a run that had no turn there is nothing to end.
  await writeFile(join(standing.servers, id, "leases", `${NO_PROCESS}bb`), "since 1\ndirectory /repo\n");
  await eventually(() => expect(existsSync(join(standing.servers, id, "leases", `${NO_PROCESS}bb`))).toBe(false));
  expect(existsSync(join(standing.servers, id, "server.json"))).toBe(true);
  await writeFile(join(standing.servers, id, "leases", NO_PROCESS), "since 1\nsession ses_1 /repo/a b\n");
  await eventually(async () =>
    expect(await standing.asked()).toContain("POST /session/ses_1/abort?directory=%2Frepo%2Fa%20b"),
  );
  expect(existsSync(join(standing.servers, id, "server.json"))).toBe(false);
  expect(other?.server.exit).toBeNull();
  await other?.end(ABORTED);
  expect(standing.ids()).toEqual([]);
});

test("a turn that is worked at in another directory than where it was asked for is noted of that", async () => {
  const standing = await standingServer();
  const elsewhere = join(standing.folder, "elsewhere");
  await mkdir(elsewhere);
  const servers = new ServerPool({ mostTurns: 1, leaves: true });
  const lease = await servers.lease({ ...standing.spec, warmMs: 600_000 });
  expect(await lease.enter(elsewhere)).toBe(true);
  lease.begin("ses_1");
  const [id = ""] = standing.ids();
  const folder = join(standing.servers, id, "leases");
  const [name = ""] = await disk.readdir(folder);
  const noted = (await readFile(join(folder, name), "utf8")).split("\n");
  expect(noted).toEqual(expect.arrayContaining([`directory ${elsewhere}`, `session ses_1 ${elsewhere}`]));
  expect(await lease.enter("/two\nlines")).toBe(false);
  lease.release({ wasAborted: false, hasToolServers: true, isUnfit: false });
  await servers.close();
  const disposals = (await standing.asked()).filter((one) => one.includes("/instance/dispose"));
  expect(disposals).toEqual([`POST /instance/dispose?${new URLSearchParams({ directory: elsewhere })}`]);
});

test("a server that is to end in the very moment in which runs come for it serves each of them, or none", async () => {
  const standing = await standingServer();
  for (let round = 0; round < 5; round += 1) {
    await (await standing.lease())?.end();
    const { keeper } = await recordOf(standing);
    const coming = Array.from({ length: 6 }, () => standing.lease());
    process.kill(keeper.pid, "SIGTERM");
    const all = await Promise.all(coming);
    // What they were promised holds until they give it back.
    expect(all.map((one) => one?.server.exit)).toEqual(all.map(() => null));
    await Promise.all(all.map((one) => one?.end()));
  }
});

test("what was started by a turn that was stopped ends with the server, what one before has left does not", async () => {
  const standing = await standingServer();
  const before = await standing.lease();
  const [id = ""] = standing.ids();
  const sleeper = async (): Promise<number> => {
    const { spawn } = await import("node:child_process");
    const child = spawn("sleep", ["60"], { env: { LOOPTRACE_RUN_ID: before?.runId }, detached: true, stdio: "ignore" });
    child.unref();
    return child.pid ?? 0;
  };
  const early = await sleeper();
  await before?.end();
  // By clock ticks processes are told apart.
  const begun = ticksNow() ?? 0;
  await eventually(() => expect(ticksNow()).toBeGreaterThan(begun));
  const aborted = await standing.lease();
  const late = await sleeper();
  await aborted?.end(ABORTED);
  expect(existsSync(join(standing.servers, id))).toBe(false);
  const alive = [startOf(early), startOf(late)].map((start) => start !== undefined);
  process.kill(early, "SIGKILL");
  expect(alive).toEqual([true, false]);
});

test("a clock that was set makes no server end, and none younger than nothing", async () => {
  const standing = await standingServer();
  await (await standing.lease())?.end();
  const folder = join(standing.servers, standing.ids()[0] ?? "");
  for (const at of [new Date("2001-01-01"), new Date("2090-01-01")]) {
    for (const name of ["leases", "uses", "."]) await utimes(join(folder, name), at, at);
    const { stdout } = await looptrace(["server", "--json"], { env: environmentOf(standing), cwd: standing.folder });
    const [server] = JSON.parse(stdout).servers;
    expect(server).toMatchObject({ state: "ready", runs: 0, idleLimitMs: 600_000, why: "the first" });
    expect(server.idleMs >= 0 && server.idleMs <= server.ageMs).toBe(true);
    const found = await standing.lease();
    expect(found).toMatchObject({ isFound: true });
    await found?.end();
  }
});

test("where there is no room for servers, or they are another user's, there is none", async () => {
  const standing = await standingServer();
  await mkdir(standing.root);
  await writeFile(standing.servers, "");
  expect(await standing.lease()).toBeUndefined();
  await rm(standing.servers);
  await (await standing.lease())?.end();
  const facts = await disk.statfs(standing.root);
  for (const fault of [
    () => vi.spyOn(process, "geteuid").mockReturnValue(54_321),
    () => vi.spyOn(disk, "statfs").mockResolvedValue({ ...facts, bavail: 10 }),
  ]) {
    const faulty = fault();
    expect(await standing.lease()).toBeUndefined();
    faulty.mockRestore();
  }
  expect(await standing.lease()).toMatchObject({ isFound: true });
});

test("a server that an earlier run has left and that gives no session costs a run time, and nothing else", async () => {
  const standing = await standingServer();
  const talking = await talkingOpenCode();
  await writeFile(join(talking.cwd, "serve.cjs"), STANDING_PROGRAM);
  const script = await readFile(talking.path, "utf8");
  const serves = `[ "$1" = serve ] && exec '${process.execPath}' '${talking.cwd}/serve.cjs' "$@"\n`;
  await writeFile(talking.path, script.replace("exit 1", `${serves}exit 1`));
  const env = { ...environmentOf(standing), LOOPTRACE_OPENCODE: talking.path };
  const around = { env, cwd: standing.spec.directory };
  // What a run with these settings would start.
  const spec = { path: talking.path, generation: undefined, environment: env, wire: "full" } as const;
  await (await standing.lease(spec))?.end();
  const [id = ""] = standing.ids();
  const run = await looptrace(["run", "hello"], around);
  expect([run.code, run.stdout]).toEqual([0, "Answer to hello\n"]);
  expect(existsSync(join(standing.servers, id))).toBe(false);
  expect(await readFile(join(standing.servers, "ends"), "utf8")).toMatch(/ it could not be used\n$/);
});

test("looptrace server lists them and stops them", async () => {
  const standing = await standingServer();
  const around = { env: environmentOf(standing), cwd: standing.folder, columns: 120 };
  expect((await looptrace(["server"], around)).stdout).toBe("No opencode is left from a run.\n");
  const used = await standing.lease();
  await (await standing.lease({ environment: { ...standing.spec.environment, SIGN: "1" } }))?.end();
  const { stdout } = await looptrace(["server"], around);
  expect(stdout).toMatch(/ready {2}.*1\.18\.33.* of 10m00s .*the variable SIGN is new\n/);
  expect(stdout).toMatch(/at work .*the first/);
  expect((await looptrace(["server", "stop", "zz"], around)).code).toBe(2);
  expect((await looptrace(["server", "stop"], around)).stderr).toContain("--all");
  const stopped = await looptrace(["server", "stop", "--all", "--json"], around);
  expect(
    JSON.parse(stopped.stdout)
      .servers.map(({ state }: { state: string }) => state)
      .toSorted(),
  ).toEqual(["ending", "stopped"]);
  expect(standing.ids()).toHaveLength(1);
  const [ending] = (await surveyServers(standing.root)).servers;
  expect(ending).toMatchObject({ state: "ending", runs: 1, uses: 1, idleMs: null });
  expect(ending?.ageMs).toSatisfy(Number.isInteger);
  await used?.end(ABORTED);
  expect(standing.ids()).toEqual([]);
  // It is the stop that a new one is needed for, whatever else has changed meanwhile.
  await (await standing.lease({ environment: { ...standing.spec.environment, OTHER: "1" } }))?.end();
  expect((await surveyServers(standing.root)).servers).toMatchObject([
    { why: "the last one ended: it was told to end; the variable OTHER is new" },
  ]);
});

test("of an opencode that has just been killed the next one says so, though its keeper has yet to see that", async () => {
  const standing = await standingServer();
  await (await standing.lease())?.end();
  const { server, keeper, id } = await recordOf(standing);
  process.kill(keeper.pid, "SIGSTOP");
  onTestFinished(() => void attempt(() => process.kill(keeper.pid, "SIGCONT")));
  process.kill(server.pid, "SIGKILL");
  await eventually(() => expect(startOf(server.pid)).toBeUndefined());
  const next = await standing.lease();
  expect(next).toMatchObject({ isFound: false, why: "the last one ended: opencode ended by itself" });
  process.kill(keeper.pid, "SIGCONT");
  await eventually(() => expect(standing.ids()).not.toContain(id));
  // Once, whoever saw it first.
  expect(await readFile(join(standing.servers, "ends"), "utf8")).toBe(`${id} opencode ended by itself\n`);
});

test("of an opencode that was killed under a run it is not said that the run stopped a turn", async () => {
  const standing = await standingServer();
  const servers = new ServerPool({ leaves: true });
  const lease = await servers.lease(standing.spec);
  await eventually(() => recordOf(standing));
  const { server, id } = await recordOf(standing);
  process.kill(server.pid, "SIGKILL");
  await eventually(() => expect(startOf(server.pid)).toBeUndefined());
  lease.release({ wasAborted: true, hasToolServers: false, isUnfit: false });
  await servers.close();
  expect(await readFile(join(standing.servers, "ends"), "utf8")).toBe(`${id} opencode ended by itself\n`);
});

test("what is left of before the machine was started goes, and what is another machine's stays", async () => {
  const standing = await standingServer();
  await (await standing.lease())?.end();
  const [id = ""] = standing.ids();
  const claim = await readFile(join(standing.servers, id, "claim"), "utf8");
  const [pid, start, host, boot, space] = claim.split("-");
  const copy = async (other: string, text: string): Promise<void> => {
    await cp(join(standing.servers, id), join(standing.servers, other), { recursive: true });
    const record = { ...(await recordOf(standing)), id: other };
    await writeFile(join(standing.servers, other, "server.json"), JSON.stringify(record));
    await writeFile(join(standing.servers, other, "claim"), text);
  };
  const [earlier, elsewhere, swept] = ["aaaaaaaa00000000", "bbbbbbbb00000000", "cccccccc00000000"];
  await copy(earlier, [pid, start, host, "0", space].join("-"));
  await copy(elsewhere, [pid, start, "0", boot, space].join("-"));
  const states = (await surveyServers(standing.root)).servers.map((one) => [one.id, one.state]);
  expect(Object.fromEntries(states)).toEqual({ [id]: "ready", [earlier]: "lost", [elsewhere]: "elsewhere" });
  expect(await stopServer(standing.servers, earlier)).toBe("stopped");
  expect(await stopServer(standing.servers, elsewhere)).toBe("elsewhere");
  await copy(swept, [pid, start, host, "0", space].join("-"));
  await sweepServers(standing.servers);
  expect(standing.ids()).toEqual([id, elsewhere].toSorted());
  await rm(join(standing.servers, elsewhere), { recursive: true });
});
