import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { ServerPool } from "../../../src/opencode/server/server-pool.js";

const seen = vi.hoisted(() => ({ running: new Set<string>(), started: 0 }));

vi.mock("../../../src/opencode/program/run-folder.js", () => ({
  createRunFolder: async () => ({ path: "/nowhere", runId: "r", remove: async () => undefined }),
}));
vi.mock("../../../src/opencode/program/sweep-run-folders.js", () => ({ sweepRunFolders: async () => undefined }));
vi.mock("../../../src/opencode/server/start-server.js", () => ({
  startServer: async ({ directory }: { readonly directory: string }) => {
    seen.started += 1;
    seen.running.add(directory);
    return { exit: null, stop: async () => seen.running.delete(directory) };
  },
}));

const WELL = { wasAborted: false, hasToolServers: false, isUnfit: false };

test("behind a shim, of servers that each started in a directory of its own few stay without use, and none in use ends", async () => {
  const place = await realpath(await mkdtemp(join(tmpdir(), "server-pool-")));
  onTestFinished(() => rm(place, { recursive: true, force: true }));
  await mkdir(join(place, "shims"));
  await writeFile(join(place, "shims/opencode"), "");
  const wish = async (name: string) => {
    const directory = join(place, "worktrees", name);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, ".tool-versions"), "opencode 1.15.0\n");
    const environment = { HOME: place, LOOPTRACE_HOME: join(place, "looptrace") };
    return {
      path: join(place, "shims/opencode"),
      generation: 1 as const,
      directory,
      environment,
      projectConfig: false,
    };
  };
  const runningAs = (...names: readonly string[]) => names.map((name) => join(place, "worktrees", name));
  const servers = new ServerPool();
  onTestFinished(() => servers.close());
  // As of a batch, one after the other, while one task takes long.
  const long = await servers.lease(await wish("long"));
  const names = Array.from({ length: 12 }, (_, index) => `task-${index}`);
  for (const name of names) (await servers.lease(await wish(name))).release(WELL);
  await expect.poll(() => [...seen.running]).toEqual(runningAs("long", ...names.slice(-4)));
  // What stays is used again, and so is what was in use.
  (await servers.lease(await wish("task-9"))).release(WELL);
  (await servers.lease(await wish("long"))).release(WELL);
  expect(seen.started).toBe(13);
  long.release(WELL);
  await servers.close();
  expect([...seen.running]).toEqual([]);
});
