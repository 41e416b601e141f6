import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sweepServers } from "../../../src/opencode/warm/sweep-servers.js";

test("what earlier versions noted is swept away, and nothing of another name", async () => {
  const servers = await mkdtemp(join(tmpdir(), "servers-"));
  onTestFinished(() => rm(servers, { recursive: true, force: true }));
  for (const name of ["last-end", "a-note"]) await writeFile(join(servers, name), "used up\n");
  await sweepServers(servers);
  expect(await readdir(servers)).toEqual(["a-note"]);
});
