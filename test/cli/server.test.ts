import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { newServerId } from "../../src/opencode/warm/servers-folder.js";
import { looptrace } from "../support/cli.js";

/** A folder of looptrace's in which so many servers are noted whose processes are gone. */
async function withServers(count: number, newId = newServerId) {
  const home = await realpath(await mkdtemp(join(tmpdir(), "server-command-")));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const servers = join(home, "servers");
  await mkdir(servers, { mode: 0o700, recursive: true });
  const ids = Array.from({ length: count }, () => newId());
  // No process has a number as high as this.
  const gone = { pid: 2 ** 30, start: "1" };
  for (const id of ids) {
    await mkdir(join(servers, id), { mode: 0o700 });
    const record = {
      ...{ format: 1, id, key: "k", parts: {}, generation: 1, version: "1.18.33", opencode: "/bin/opencode" },
      ...{ server: gone, keeper: gone, runId: "r", log: "serve.stderr", listeningAt: Date.now(), why: "the first" },
      connection: { url: "http://127.0.0.1:1", password: "p" },
    };
    await writeFile(join(servers, id, "server.json"), JSON.stringify(record), { mode: 0o600 });
  }
  return {
    ids,
    folderOf: (id: string) => join(servers, id),
    around: { env: { LOOPTRACE_HOME: home, HOME: home }, cwd: home },
  };
}

test("a server that is the only one is stopped without its id", async () => {
  const { ids, folderOf, around } = await withServers(1);
  const [id = ""] = ids;
  const first = await looptrace(["server", "stop"], around);
  expect([first.code, first.stdout, existsSync(folderOf(id))]).toEqual([0, `${id.slice(0, 8)} is stopped.\n`, false]);
  const second = await looptrace(["server", "stop"], around);
  expect([second.code, second.stdout]).toEqual([0, "No opencode is left from a run: there is nothing to stop.\n"]);
});

test("of several none is stopped without an id, and they are listed", async () => {
  const { ids, folderOf, around } = await withServers(2);
  const { code, stderr } = await looptrace(["server", "stop"], around);
  expect([code, ids.every((id) => existsSync(folderOf(id)))]).toEqual([2, true]);
  expect(stderr).toMatch(
    /^looptrace: Which of 2 servers is not said\.\n( {2}[0-9a-f]{8} {2}1\.18\.33, there for \S+\n){2}Name it by its id, or say --all\.\n$/,
  );
});

test("one that is on another machine says so, and stays", async () => {
  const { folderOf, around, ids } = await withServers(1, () => "0123456789abcdef");
  const { code, stdout } = await looptrace(["server", "stop"], around);
  expect([code, stdout]).toEqual([
    0,
    "01234567 is on another machine or in another container, and is to be stopped there.\n",
  ]);
  expect(ids.every((id) => existsSync(folderOf(id)))).toBe(true);
});
