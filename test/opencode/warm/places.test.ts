import { once } from "node:events";
import { statSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { takeLease } from "../../../src/opencode/warm/leases.js";
import { clearPlace, stampOf } from "../../../src/opencode/warm/places.js";

test("a directory is another one when it is made anew, and when its repository is another", async () => {
  const folder = await mkdtemp(join(tmpdir(), "places-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const work = join(folder, "work");
  await mkdir(work);
  const stamps = [stampOf(work)];
  const next = async (change: () => Promise<unknown>): Promise<void> => {
    await change();
    stamps.push(stampOf(work));
  };
  await next(() => mkdir(join(folder, ".git/refs/heads"), { recursive: true }));
  await next(() => writeFile(join(folder, ".git/HEAD"), "ref: refs/heads/main\n"));
  await next(() => writeFile(join(folder, ".git/refs/heads/main"), "0".repeat(40)));
  await next(async () => {
    // Most file systems give it the number of the one before.
    const before = statSync(work).birthtimeMs;
    while (statSync(work).birthtimeMs === before) {
      await rm(work, { recursive: true });
      await mkdir(work);
    }
  });
  expect(new Set(stamps).size).toBe(5);
  await writeFile(join(work, "file.txt"), "changed");
  await writeFile(join(folder, ".git/refs/heads/main"), "1".repeat(40));
  expect(stampOf(work)).toBe(stamps.at(-1));
});

test("what a directory has started stays while another run works there, also by a link to it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "places-"));
  const asked: (string | undefined)[] = [];
  const opencode = createServer((request, response) => {
    asked.push(request.url);
    response.end("true");
  }).listen(0, "127.0.0.1");
  onTestFinished(async () => {
    opencode.close();
    await rm(folder, { recursive: true, force: true });
  });
  await once(opencode, "listening");
  const address = opencode.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const [work, link] = [join(folder, "work"), join(folder, "link")];
  await mkdir(work);
  await symlink(work, link);
  await mkdir(join(folder, "leases"));
  const [own, other] = [await takeLease(folder, 60_000), await takeLease(folder, 60_000)];
  own.addDirectory(work);
  other.addDirectory(link);
  const server = { folder, generation: 1, connection: { url: `http://127.0.0.1:${port}` } } as const;
  expect(await clearPlace(server, own, work)).toBe(true);
  expect(asked).toEqual([]);
  await other.end();
  expect(await clearPlace(server, own, work)).toBe(true);
  expect(asked).toEqual([expect.stringMatching(/^\/instance\/dispose\?directory=.*work$/)]);
});
