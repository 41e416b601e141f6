import { existsSync } from "node:fs";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { ServerPool } from "../../../src/opencode/server/server-pool.js";

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

test("a server that has recorded much is replaced, since its recording would end", async () => {
  const wish = { ...(await wishFor(LISTENS)), wire: "full" as const };
  const servers = pool();
  const first = await servers.lease(wish);
  const recording = join((await first.workFolder()).path, "wire", "1-a.jsonl");
  await writeFile(recording, "");
  await truncate(recording, 129 * 1024 * 1024);
  const second = await servers.lease(wish);
  const third = await servers.lease(wish);
  expect([second.server === first.server, third.server === first.server]).toEqual([true, false]);
  first.release(WELL);
  second.release(WELL);
  expect(await first.server.ended).toMatchObject({ kind: "signalled", by: "caller" });
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
  await expect(servers.lease(wish)).rejects.toThrow("ENOENT");
  await servers.close();
});
