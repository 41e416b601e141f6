import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  claimRequest,
  digestLater,
  digestOf,
  entryPath,
  listRequests,
  putRequest,
  readRequest,
  releaseRequest,
  removeRequest,
} from "../../../src/deliver/queue/outbox.js";
import { claimToken, isOwnerAlive } from "../../../src/files/claim-token.js";
import { sweepTemporaryFiles, writeWhole } from "../../../src/files/private-files.js";
import { programCommand } from "../../support/cli.js";
import { otlpRequest } from "../../support/otlp-requests.js";
import { temporaryStore } from "../../support/temporary-store.js";

const BODY = otlpRequest(2).body;
const NOW = 1_700_000_000_123;

async function outboxFolder(): Promise<string> {
  const { outbox } = await temporaryStore();
  await mkdir(outbox, { recursive: true });
  return outbox;
}

/** A token as the process with this id would have written it. */
function tokenOf(pid: number, start: string): string {
  const [, , ...machine] = claimToken().split("-");
  return [pid.toString(16), start, ...machine].join("-");
}

test("what is put is claimed by this process, and read back byte for byte", async () => {
  const folder = await outboxFolder();
  const entry = await putRequest(folder, BODY, 2, NOW);
  expect(await listRequests(folder)).toEqual([entry]);
  expect(entry).toMatchObject({ kind: "traces", items: 2, createdMs: NOW, owner: claimToken() });
  expect(Buffer.from(await readRequest(entry))).toEqual(Buffer.from(BODY));
  expect(await claimRequest(entry)).toBeUndefined();

  await releaseRequest(entry);
  expect(await readdir(folder)).toEqual([entry.name]);
  await releaseRequest(entry);
});

test.each([
  ["at hand", BODY],
  ["read back", undefined],
])("what stays is named by its content, %s", async (_, body) => {
  const folder = await outboxFolder();
  const entry = await putRequest(folder, BODY, 2, NOW, "0a1b2c3d", { digest: digestLater() });
  expect(await listRequests(folder)).toEqual([entry]);
  await releaseRequest(entry, body);
  const [named, ...others] = await listRequests(folder);
  expect(others).toEqual([]);
  expect(named).toEqual({ ...entry, digest: digestOf(BODY), name: named?.name, owner: undefined });
  expect(named?.name).toContain(`-${digestOf(BODY)}-2-0a1b2c3d.json`);
});

test("what cannot be read any more is given back by the name that it has", async () => {
  const folder = await outboxFolder();
  const entry = await putRequest(folder, BODY, 2, NOW, undefined, { digest: digestLater() });
  await rm(entryPath(entry));
  await mkdir(entryPath(entry));
  await releaseRequest(entry);
  expect(await readdir(folder)).toEqual([entry.name]);
});

test("a name tells how its spans look, or not", async () => {
  const folder = await outboxFolder();
  const looks = [undefined, "0a1b2c3d", "0a1b2c3d-4e5f6071"];
  for (const fingerprint of looks) await putRequest(folder, BODY, 2, NOW, fingerprint);
  const listed = await listRequests(folder);
  expect(listed.map(({ fingerprint }) => fingerprint)).toEqual(looks);
  expect(listed.map(({ items, createdMs }) => [items, createdMs])).toEqual(looks.map(() => [2, NOW]));
});

test("requests are listed oldest first, those of one moment in the order in which they were put", async () => {
  const folder = await outboxFolder();
  const names: string[] = [];
  for (const time of [NOW + 5, NOW, NOW, NOW]) names.push((await putRequest(folder, BODY, 2, time)).name);
  const [last, ...first] = names;
  expect((await listRequests(folder)).map(({ name }) => name)).toEqual([...first, last]);
  expect(new Set(names).size).toBe(4);
});

test("other files in the folder are no requests", async () => {
  const folder = await outboxFolder();
  for (const name of ["destination.json", "last-error.json", "x.json", "notes.txt"]) {
    await writeFile(join(folder, name), "{}");
  }
  expect(await listRequests(folder)).toEqual([]);
  expect(await listRequests(join(folder, "missing"))).toEqual([]);
});

test("of several that claim at once, one wins", async () => {
  const folder = await outboxFolder();
  const entry = await putRequest(folder, BODY, 2, NOW);
  await releaseRequest(entry);
  const free = { ...entry, owner: undefined };
  const claims = await Promise.all(Array.from({ length: 8 }, () => claimRequest(free)));
  const won = claims.filter((claim) => claim !== undefined);
  expect(won).toHaveLength(1);
  for (const claim of won) await removeRequest(claim);
  expect(await readdir(folder)).toEqual([]);
});

test("the claim of a living process holds, that of a dead one is taken over", async () => {
  const folder = await outboxFolder();
  const [node, compiled] = programCommand("src/files/claim-token.ts");
  const script = `
    import { claimToken } from ${JSON.stringify(pathToFileURL(compiled).href)};
    process.stdout.write(claimToken());
    setInterval(() => {}, 1000);`;
  const child = spawn(node, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [printed] = await once(child.stdout, "data");
  const mine = await putRequest(folder, BODY, 2, NOW);
  const theirs = { ...mine, owner: String(printed) };
  await rename(entryPath(mine), entryPath(theirs));
  expect(await claimRequest(theirs)).toBeUndefined();

  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await claimRequest(theirs)).toMatchObject({ owner: claimToken() });
});

test("a later process with the same id does not keep a claim alive", async () => {
  const folder = await outboxFolder();
  const mine = await putRequest(folder, BODY, 2, NOW);
  expect(await isOwnerAlive(tokenOf(process.pid, "1"), entryPath(mine))).toBe(false);
});

test("a claim from another machine holds for a while", async () => {
  const folder = await outboxFolder();
  const path = join(folder, "claimed");
  await writeFile(path, "");
  expect(await isOwnerAlive("1-1-ffffffff-ffffffff", path)).toBe(true);
});

test("a claim from another container on this machine holds for a while, one from before a reboot does not", async () => {
  const folder = await outboxFolder();
  const path = join(folder, "claimed");
  await writeFile(path, "");
  const [pid, start, host, boot, space] = claimToken().split("-");
  expect(await isOwnerAlive([pid, start, host, boot, "ffffffff"].join("-"), path)).toBe(true);
  expect(await isOwnerAlive([pid, start, host, "ffffffff", space].join("-"), path)).toBe(false);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 16 * 60_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect(await isOwnerAlive([pid, start, host, boot, "ffffffff"].join("-"), path)).toBe(false);
});

test("half-written files of dead processes are swept, those of the living stay", async () => {
  const folder = await outboxFolder();
  const dead = join(folder, `a.json.1f.tmp-${tokenOf(process.pid, "1")}`);
  const living = join(folder, `b.json.1f.tmp-${claimToken()}`);
  for (const path of [dead, living]) await writeFile(path, "{");
  await utimes(dead, 0, 0);
  await sweepTemporaryFiles(folder);
  expect(await readdir(folder)).toEqual([`b.json.1f.tmp-${claimToken()}`]);
});

test("a file that cannot be written leaves nothing behind", async () => {
  const folder = await outboxFolder();
  await mkdir(join(folder, "taken", "inside"), { recursive: true });
  await expect(writeWhole(join(folder, "taken"), "x")).rejects.toThrow();
  expect(await readdir(folder)).toEqual(["taken"]);
});
