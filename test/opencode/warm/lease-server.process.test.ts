import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { claimToken } from "../../../src/files/claim-token.js";
import { BUSY_SINCE, findServer } from "../../../src/opencode/warm/find-server.js";
import { fingerprintOf } from "../../../src/opencode/warm/fingerprint.js";
import { isOwnProcess, startOf } from "../../../src/opencode/warm/process-start.js";
import { surveyServers } from "../../../src/opencode/warm/survey-servers.js";
import { isLeft, sweepServers } from "../../../src/opencode/warm/sweep-servers.js";
import { standingServer } from "../../support/standing-server.js";
import { eventually } from "../../support/until.js";

const ABORTED = { why: "a turn on it was stopped", wasAborted: true };

/** The record of a server that is noted. */
async function recordOf(servers: string, id = "") {
  return JSON.parse(await readFile(join(servers, id, "server.json"), "utf8"));
}

test("a server that one run has left is the next one's, for as long as nothing has changed", async () => {
  const standing = await standingServer();
  const first = await standing.lease();
  expect(first).toMatchObject({ isFound: false });
  await first?.end();
  const second = await standing.lease();
  expect(second).toMatchObject({ isFound: true, runId: first?.runId });
  expect(await second?.server.version).toBe("1.18.33");
  const [id] = standing.ids();
  expect(await recordOf(standing.servers, id)).toMatchObject({ why: "the first" });
  await second?.end();
  const changed = await standing.lease({ environment: { ...standing.spec.environment, API_KEY: "secret" } });
  expect(changed).toMatchObject({ isFound: false });
  await changed?.end();
  const other = standing.ids().find((one) => one !== id);
  const record = await recordOf(standing.servers, other);
  expect(record).toMatchObject({ why: "the variable API_KEY is new" });
  expect(JSON.stringify(record)).not.toContain("secret");
  expect(await standing.starts()).toHaveLength(2);
});

test("twenty that want the same at once start one", async () => {
  const standing = await standingServer();
  await writeFile(join(standing.folder, "slow"), "");
  const all = await Promise.all(Array.from({ length: 20 }, () => standing.lease()));
  expect(new Set(all.map((one) => one?.runId)).size).toBe(1);
  expect(await standing.starts()).toHaveLength(1);
});

test("a server that is told to end while it is used ends when its last run does, and no other run gets it", async () => {
  const standing = await standingServer();
  const [first, second] = [await standing.lease(), await standing.lease()];
  const [id = ""] = standing.ids();
  const { keeper } = await recordOf(standing.servers, id);
  process.kill(keeper.pid, "SIGTERM");
  await eventually(() => expect(existsSync(join(standing.servers, id, "server.json"))).toBe(false));
  expect(first?.server.exit).toBeNull();
  const third = await standing.lease();
  expect(third).toMatchObject({ isFound: false });
  await first?.end();
  expect(second?.server.exit).toBeNull();
  await second?.end(ABORTED);
  expect(existsSync(join(standing.servers, id))).toBe(false);
  expect(second?.server.exit).not.toBeNull();
  expect(third?.server.exit).toBeNull();
});

test("the keeper ends a server that no run uses for its time, and leaves nothing of it", async () => {
  const standing = await standingServer();
  const server = await standing.lease({ warmMs: 1_000 });
  const [id = ""] = standing.ids();
  const { keeper } = await recordOf(standing.servers, id).catch(() => ({ keeper: undefined }));
  await server?.end();
  await eventually(() => expect(standing.ids()).toEqual([]));
  expect(server?.server.exit).not.toBeNull();
  expect(readFileSync(join(standing.servers, "ends"), "utf8")).toMatch(/ no run used it for long enough\n$/);
  await eventually(() => expect(keeper && isOwnProcess(keeper)).toBeFalsy());
  const next = await standing.lease();
  await next?.end();
  expect(await recordOf(standing.servers, standing.ids()[0])).toMatchObject({
    why: "the last one ended: no run used it for long enough",
  });
});

test("a keeper that is killed takes its server along, and its folder", async () => {
  const standing = await standingServer();
  const server = await standing.lease();
  await server?.end();
  const [id] = standing.ids();
  const { keeper } = await recordOf(standing.servers, id);
  process.kill(keeper.pid, "SIGKILL");
  await eventually(() => expect(startOf(keeper.pid)).toBeUndefined());
  // Nobody is there who would end it: no run is to use it.
  const next = await standing.lease();
  expect(next).toMatchObject({ isFound: false });
  await eventually(() => expect(standing.ids()).not.toContain(id));
  expect(server?.server.exit).not.toBeNull();
});

test("a server that was killed is no run's: the next one starts another", async () => {
  const standing = await standingServer();
  await (await standing.lease())?.end();
  const [killed = 0] = await standing.starts();
  const [id] = standing.ids();
  process.kill(killed, "SIGKILL");
  await eventually(() => expect(startOf(killed)).toBeUndefined());
  expect(await standing.lease()).toMatchObject({ isFound: false });
  await eventually(() => expect(standing.ids()).not.toContain(id));
});

test("a server that does not answer is replaced", async () => {
  const standing = await standingServer();
  const first = await standing.lease();
  await first?.end();
  await writeFile(join(standing.folder, "silent"), "");
  const next = standing.lease();
  await eventually(async () => expect(await standing.starts()).toHaveLength(2));
  await rm(join(standing.folder, "silent"));
  expect(await next).toMatchObject({ isFound: false });
  expect(await readFile(join(standing.servers, "ends"), "utf8")).toMatch(/ it gave no answer\n$/);
});

const LISTENER = `
  const server = require("node:http").createServer(() => console.log("asked")).listen(0, "127.0.0.1", () => {
    console.log(server.address().port);
  });`;

test.runIf(process.geteuid?.() === 0)("another user's, who has taken its port, is not told its password", async () => {
  const standing = await standingServer();
  await (await standing.lease())?.end();
  const other = spawn(process.execPath, ["-e", LISTENER], {
    uid: 12_345,
    env: {},
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void other.kill("SIGKILL"));
  let said = "";
  other.stdout.on("data", (text) => {
    said += text;
  });
  await eventually(() => expect(said).toMatch(/^\d+\n$/));
  const [id = ""] = standing.ids();
  const record = await recordOf(standing.servers, id);
  const connection = { ...record.connection, url: `http://127.0.0.1:${said.trim()}` };
  await writeFile(join(standing.servers, id, "server.json"), JSON.stringify({ ...record, connection }));
  expect(await standing.lease()).toMatchObject({ isFound: false });
  expect(existsSync(join(standing.servers, "ends"))).toBe(false);
  expect(said).not.toContain("asked");
});

test("a server that does not answer as it has much to do is left alone, and used later", async () => {
  const standing = await standingServer();
  const first = await standing.lease();
  await first?.end();
  const [id = ""] = standing.ids();
  const { key } = await recordOf(standing.servers, id);
  await writeFile(join(standing.folder, "busy"), "");
  const patience = { answerMs: 500, busyMs: 1_000 };
  const find = () => findServer(standing.servers, key, 600_000, patience);
  expect(await find()).toBe("busy");
  await rm(join(standing.folder, "busy"));
  const second = await standing.lease();
  expect(second).toMatchObject({ isFound: true, runId: first?.runId });
  await second?.end();
  const since = join(standing.servers, id, BUSY_SINCE);
  expect(existsSync(since)).toBe(false);
  // One that never comes to an end with it would keep all runs waiting for as long as there are any.
  await writeFile(join(standing.folder, "busy"), "");
  expect(await find()).toBe("busy");
  await utimes(since, new Date(), new Date(Date.now() - 120_000));
  expect(await find()).toBeUndefined();
  expect(await readFile(join(standing.servers, "ends"), "utf8")).toMatch(/ it was busy for too long\n$/);
  await rm(join(standing.folder, "busy"));
});

test("a server without its log is replaced: a run could not tell what opencode says of it", async () => {
  const standing = await standingServer();
  await (await standing.lease())?.end();
  const [id = ""] = standing.ids();
  const { log } = await recordOf(standing.servers, id);
  await rm(join(standing.servers, id, log));
  expect(await standing.lease()).toMatchObject({ isFound: false });
  expect(await readFile(join(standing.servers, "ends"), "utf8")).toMatch(/ its log was gone\n$/);
});

test.runIf(process.platform === "linux")("a start that a person has stopped is not waited for", async () => {
  const standing = await standingServer();
  await mkdir(standing.servers, { recursive: true, mode: 0o700 });
  const stopped = spawn("sleep", ["60"], { stdio: "ignore" });
  onTestFinished(() => void stopped.kill("SIGKILL"));
  stopped.kill("SIGSTOP");
  const pid = stopped.pid ?? 0;
  await eventually(() => expect(readFileSync(`/proc/${pid}/stat`, "latin1")).toContain(") T "));
  const [, , ...place] = claimToken().split("-");
  const token = [pid.toString(16), Number(startOf(pid)).toString(16), ...place].join("-");
  const lock = join(standing.servers, `.${fingerprintOf(standing.spec)?.key.slice(0, 16)}.lock`);
  await mkdir(lock);
  await writeFile(join(lock, token), "");
  expect(await standing.lease()).toBeUndefined();
  expect(await standing.starts()).toEqual([]);
});

test("what a newer looptrace has noted in its own way is neither ended nor taken for lost", async () => {
  const standing = await standingServer();
  await (await standing.lease())?.end();
  const [id = ""] = standing.ids();
  const folder = join(standing.servers, id);
  const record = await recordOf(standing.servers, id);
  const text = JSON.stringify({ ...record, format: 2, key: undefined });
  await writeFile(join(folder, "server.json"), text);
  // As it is a while after its start.
  await utimes(folder, new Date(), new Date(Date.now() - 3_600_000));
  await sweepServers(standing.servers);
  expect(startOf(record.server.pid)).toBe(record.server.start);
  expect(await surveyServers(standing.root)).toMatchObject({ servers: [], doubts: [] });
  const daysAgo = new Date(Date.now() - 3 * 24 * 3_600_000);
  await utimes(folder, new Date(), daysAgo);
  await sweepServers(standing.servers);
  expect(startOf(record.server.pid)).toBe(record.server.start);
  // Where nothing tells who ends it, it does not stay for ever.
  await writeFile(join(folder, "server.json"), JSON.stringify({ ...record, format: 2, keeper: undefined }));
  await utimes(folder, new Date(), daysAgo);
  expect(await isLeft(id, folder)).toBe(true);
  await writeFile(join(folder, "server.json"), JSON.stringify({ ...record, format: 0 }));
  await utimes(folder, new Date(), new Date(Date.now() - 3_600_000));
  expect(await surveyServers(standing.root)).toMatchObject({ servers: [], doubts: [{ path: folder }] });
  await writeFile(join(folder, "server.json"), JSON.stringify(record));
});

test("what a server knows of a directory is thrown away where that has changed, and where it has started tool servers", async () => {
  const standing = await standingServer();
  const { directory } = standing.spec;
  const disposals = async (): Promise<number> =>
    (await standing.asked()).filter((one) => one.startsWith("POST /instance/dispose?directory=")).length;
  const first = await standing.lease();
  expect([await first?.enter(directory), await disposals()]).toEqual([true, 0]);
  await mkdir(join(directory, ".git"));
  // As long as one run is there no other may have it otherwise.
  const second = await standing.lease();
  expect([await second?.enter(directory), await disposals()]).toEqual([false, 0]);
  await first?.end();
  await second?.end();
  const third = await standing.lease();
  expect([await third?.enter(directory), await disposals()]).toEqual([true, 1]);
  third?.conclude(directory, true);
  await third?.end();
  expect(await disposals()).toBe(2);
  const fourth = await standing.lease();
  expect([await fourth?.enter(directory), await disposals(), fourth?.isFound]).toEqual([true, 2, true]);
});

test("of servers that no run uses the four stay that were used last", async () => {
  const standing = await standingServer();
  const lease = (VARIABLE: string) =>
    standing.lease({ environment: { ...standing.spec.environment, VARIABLE, LOOPTRACE_WARM: "10m" } });
  const used = await lease("used");
  const runs = [];
  for (const name of ["1", "2", "3", "4", "5", "6"]) {
    const run = await lease(name);
    await run?.end();
    runs.push(run?.runId);
  }
  await eventually(() => expect(standing.ids()).toHaveLength(5));
  const left = await Promise.all(standing.ids().map((id) => recordOf(standing.servers, id)));
  expect(left.map(({ runId }) => runId).toSorted()).toEqual([used?.runId, ...runs.slice(2)].toSorted());
  expect(used?.server.exit).toBeNull();
});

test("a turn begins also where that cannot be noted", async () => {
  const standing = await standingServer();
  const server = await standing.lease();
  await rm(join(standing.servers, standing.ids()[0] ?? "", "leases"), { recursive: true });
  expect(() => server?.begin("ses_1", standing.spec.directory)).not.toThrow();
});

test("one that ends while it starts is for nobody, and those who waited for it start for themselves", async () => {
  const standing = await standingServer();
  await writeFile(join(standing.folder, "dying"), "");
  expect(await Promise.all([standing.lease(), standing.lease(), standing.lease()])).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(standing.ids()).toEqual([]);
});

test("what another user could have put there is passed over", async () => {
  const standing = await standingServer();
  await (await standing.lease())?.end();
  const [id = ""] = standing.ids();
  const folder = join(standing.servers, id);
  await chmod(join(folder, "server.json"), 0o644);
  const next = await standing.lease();
  expect(next).toMatchObject({ isFound: false });
  await next?.end();
  await chmod(join(folder, "server.json"), 0o600);
  const elsewhere = join(standing.folder, "elsewhere");
  await mkdir(elsewhere, { mode: 0o700 });
  for (const one of standing.ids()) process.kill((await recordOf(standing.servers, one)).keeper.pid, "SIGTERM");
  await eventually(() => expect(standing.ids()).toEqual([]));
  await rm(standing.servers, { recursive: true });
  await symlink(elsewhere, standing.servers);
  expect(await standing.lease()).toBeUndefined();
});
