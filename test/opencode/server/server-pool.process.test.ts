import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { ServerPool } from "../../../src/opencode/server/server-pool.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { readRecording } from "../../../src/wire/recording/read-recording.js";
import { allowColdStarts } from "../../support/cold-starts.js";
import { onlyOne } from "../../support/fixtures.js";
import { messagesOf } from "../../support/generation1.js";
import { type IsolatedOpenCode, isolatedOpenCode } from "../../support/isolated-opencode.js";
import { driveAt, once, pidsOf, runFolders } from "../../support/play-drive.js";
import { madeScenario, usage } from "../../support/play-run.js";
import { until } from "../../support/until.js";

allowColdStarts();

/** A program in opencode's place, which begins with its `serve` and the given program. */
async function wishFor(program: string) {
  const directory = await mkdtemp(join(tmpdir(), "server-pool-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const path = join(directory, "opencode");
  await writeFile(path, `#!${process.execPath}\n${program}\n`, { mode: 0o755 });
  return { path, generation: 1 as const, directory, environment: { PATH: process.env.PATH }, projectConfig: false };
}

const LISTENS = `require("node:http").createServer((_, answer) => answer.end("{}"))
  .listen(Number(process.argv[4].slice(7)), "127.0.0.1", () => console.log("listening on it"));`;

const WELL = { wasAborted: false, hasToolServers: false, isUnfit: false };

function pool(options?: ConstructorParameters<typeof ServerPool>[0]): ServerPool {
  const servers = new ServerPool(options);
  onTestFinished(async () => {
    await servers.close();
  });
  return servers;
}

test("a server for one turn is for one turn, also where two want it while it starts", async () => {
  const wish = await wishFor(LISTENS);
  const alone = pool({ mostTurns: 1 });
  const [first, second] = await Promise.all([alone.lease(wish), alone.lease(wish)]);
  expect(second.server).not.toBe(first.server);
  const shared = pool();
  const [third, fourth] = await Promise.all([shared.lease(wish), shared.lease(wish)]);
  expect(fourth.server).toBe(third.server);
});

test.each([
  ["goes with its pool", 0],
  ["stays", 600_000],
])("a server that %s and has recorded much is replaced, since its recording would end", async (_, warmMs) => {
  const made = await wishFor(LISTENS);
  const environment = { ...made.environment, HOME: made.directory, LOOPTRACE_HOME: join(made.directory, "looptrace") };
  const wish = { ...made, environment, warmMs, wire: "full" as const };
  const servers = pool({ leaves: true });
  const first = await servers.lease(wish);
  const recording = join(dirname(first.server.logPath), "wire", "1-a.jsonl");
  await writeFile(recording, "");
  await truncate(recording, 129 * 1024 * 1024);
  const second = await servers.lease(wish);
  const third = await servers.lease(wish);
  expect([second.runId === first.runId, third.runId === first.runId]).toEqual([true, false]);
  first.release(WELL);
  second.release(WELL);
  expect(await first.server.ended).toMatchObject({ kind: "signalled" });
  third.release({ ...WELL, isUnfit: true });
});

test("behind a version manager's shim, a directory with a version file has a server that starts there", async () => {
  const made = await wishFor(`require("node:fs").appendFileSync(process.env.STARTED, process.cwd() + "\\n");
    ${LISTENS}`);
  const place = await realpath(made.directory);
  await Promise.all(["shims", "own", "plain", "further"].map((name) => mkdir(join(place, name))));
  await rename(made.path, join(place, "shims/opencode"));
  await writeFile(join(place, "own/.tool-versions"), "opencode 1.15.0\n");
  const STARTED = join(place, "started");
  const environment = { ...made.environment, HOME: place, LOOPTRACE_HOME: join(place, "looptrace"), STARTED };
  const wish = (name: string, warmMs: number) => ({
    ...{ ...made, warmMs, environment },
    ...{ path: join(place, "shims/opencode"), directory: join(place, name) },
  });
  for (const [leaves, warmMs] of [
    [false, 0],
    [true, 600_000],
  ] as const) {
    await rm(STARTED, { force: true });
    const servers = pool({ leaves });
    const first = await servers.lease(wish("own", warmMs));
    const again = await servers.lease(wish("own", warmMs));
    const elsewhere = await servers.lease(wish("plain", warmMs));
    const further = await servers.lease(wish("further", warmMs));
    expect([again.server === first.server, elsewhere.server === first.server]).toEqual([true, false]);
    expect(further.server).toBe(elsewhere.server);
    const [chosen, shared, ...others] = (await readFile(STARTED, "utf8")).trim().split("\n");
    expect([chosen, others]).toEqual([join(place, "own"), []]);
    expect(shared).not.toBe(join(place, "plain"));
    for (const lease of [first, again]) lease.release(WELL);
    for (const lease of [elsewhere, further]) lease.release({ ...WELL, isUnfit: true });
  }
});

test("closing ends what starts, and starts nothing that waits for its turn", async () => {
  // It says that it is there, and never listens.
  const wish = await wishFor(`require("node:fs").writeFileSync(process.argv[1] + "." + process.env.MARK, "");
    setInterval(() => undefined, 60_000);`);
  const servers = pool();
  const marked = (MARK: string) => ({ ...wish, environment: { ...wish.environment, MARK } });
  const first = servers.lease(marked("first"));
  const second = servers.lease(marked("second"));
  const ends = Promise.allSettled([first, second]);
  await expect.poll(() => existsSync(`${wish.path}.first`)).toBe(true);
  await servers.close();
  expect((await ends).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(first).rejects.toThrow("this pool of opencode servers is closed");
  expect(existsSync(`${wish.path}.second`)).toBe(false);
});

test("who gives up waiting for a server takes it from nobody else", async () => {
  const wish = await wishFor(LISTENS);
  const servers = pool();
  const caller = new AbortController();
  const given = servers.lease(wish, caller.signal);
  const kept = servers.lease(wish);
  caller.abort(new Error("given up"));
  await expect(given).rejects.toThrow("given up");
  expect((await kept).server.exit).toBeNull();
});

test("a folder that cannot be made is told to who wanted the server, and to nobody else", async () => {
  const wish = await wishFor(LISTENS);
  vi.stubEnv("TMPDIR", join(wish.directory, "nowhere"));
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const servers = pool();
  // A rejection that nobody handles fails the run of the tests.
  await expect(servers.lease(wish)).rejects.toThrow("TMPDIR");
  await servers.close();
});

// One story, for each server that starts costs seconds: three prompts share the first, a fourth gets the next, and a
// fifth is left alone by it.
describe.skipIf(process.platform !== "linux")("the servers of a pool", () => {
  const names = ["one", "two", "three"];
  const servers = new ServerPool();
  let bench: IsolatedOpenCode;
  beforeAll(async () => {
    const call = { name: "bash", arguments: { command: "echo a", description: "Says it" } };
    const broken = { delayMs: 20, text: "It began and went on", fault: { type: "hang", at: "mid-stream" } };
    const lanes = [...names, "four"].map((name) => ({
      name,
      match: `prompt ${name}`,
      replies: [{ delayMs: 200, text: `Answer ${name}.`, usage }],
    }));
    const last = { name: "last", match: "Go.", replies: [{ toolCalls: [call], usage }, broken] };
    bench = await isolatedOpenCode(madeScenario([], { lanes: [...lanes, last] }));
  });
  afterAll(async () => {
    await servers.close();
    await bench.remove();
  });

  const prompt = (message: string) => driveAt(bench, "server")({ servers, message, wire: "full" });
  const serverNow = (): number => onlyOne(pidsOf(bench, "serve"));
  const shared = once(async () => {
    const results = await Promise.all(names.map((name) => prompt(`prompt ${name}`)));
    return { results, server: serverNow() };
  });
  const replaced = once(async () => {
    const { server: before } = await shared();
    process.kill(before, "SIGKILL");
    await expect.poll(() => pidsOf(bench, "serve")).not.toContain(before);
    const result = await prompt("prompt four");
    return { before, result, server: serverNow() };
  });
  // Its model has answered a part of what it is asked behind its tool.
  const abandoned = once(async () => {
    const { server } = await replaced();
    const driving = prompt("Go.");
    await until(async () => (await recorded()).includes('\\"content\\":\\"It'));
    process.kill(server, "SIGKILL");
    return await driving;
  });
  /** What is recorded of the requests of this program's servers so far. */
  const recorded = async (): Promise<string> => {
    const texts: string[] = [];
    for (const folder of await runFolders(tmpdir(), process.pid)) {
      const wire = join(tmpdir(), folder, "wire");
      for (const name of await readdir(wire).catch(() => [])) texts.push(await readFile(join(wire, name), "utf8"));
    }
    return texts.join("");
  };

  test("are shared by prompts that want the same, and each has its own log and session", async () => {
    const { results, server } = await shared();
    expect(server).toBeGreaterThan(0);
    expect(new Set(results.map(({ sessionId }) => sessionId)).size).toBe(3);
    for (const [index, { sessionId, logText, tree }] of results.entries()) {
      expect(JSON.stringify(tree)).toContain(`Answer ${names[index]}.`);
      const others = results.flatMap((other) => (other.sessionId === sessionId ? [] : [other.sessionId ?? ""]));
      expect(logText).toContain(sessionId);
      for (const other of others) expect(logText).not.toContain(other);
    }
  });

  test("are replaced for the next prompt where they went away; what was finished stays finished", async () => {
    const { results } = await shared();
    const { before, result, server } = await replaced();
    expect([...results, result].map(({ exit }) => exit)).toEqual(Array(4).fill({ kind: "served" }));
    expect(server).not.toBe(before);
    expect(JSON.stringify(result.tree)).toContain("Answer four.");
  });

  test("may go away in the middle of a turn: what there is of the session is read without them", async () => {
    const { exit, tree } = await abandoned();
    expect(exit).toEqual({ kind: "signalled", signal: "SIGKILL", by: "other" });
    const parts = messagesOf(tree?.session).flatMap((message) => message.parts.map(({ type }) => type));
    expect(parts).toContain("tool");
  });

  test("leave what a call had said when they went away in its trace", async () => {
    const { tree, wire } = await abandoned();
    if (!tree) throw new Error("there is no session");
    const [trace] = traceSession(tree, { wire: readRecording(wire ?? "", "recording") });
    const [, call] = trace?.loop.steps.flatMap((step) => step.call ?? []) ?? [];
    expect(call).toMatchObject({ outcome: "unfinished", output: { text: expect.stringMatching(/^It began/) } });
  });

  test("are gone when it is closed, and it gives no more", async () => {
    await shared();
    await servers.close();
    expect(pidsOf(bench, "serve")).toEqual([]);
    await expect(prompt("Go.")).rejects.toThrow("is closed");
  });
});
