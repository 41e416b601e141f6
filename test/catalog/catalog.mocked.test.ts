import { rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { Catalog } from "../../src/catalog/catalog.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { loadFixture } from "../support/fixtures.js";
import { keepFixture } from "../support/kept-store.js";
import { temporaryStore, walk } from "../support/temporary-store.js";

/** Which error the system gives for which file's name, and how many more segments it lets write. */
const disk = vi.hoisted(() => ({ refused: new Map<string, Error>(), segments: Number.POSITIVE_INFINITY }));

vi.mock("../../src/files/own-files.js", async (original) => {
  const real = await original<typeof import("../../src/files/own-files.js")>();
  return {
    ...real,
    readOwnText: async (...given: Parameters<typeof real.readOwnText>) => {
      const error = disk.refused.get(String(given[0]).split("/").at(-1) ?? "");
      if (error) throw error;
      return await real.readOwnText(...given);
    },
  };
});

vi.mock("../../src/files/private-files.js", async (original) => {
  const real = await original<typeof import("../../src/files/private-files.js")>();
  return {
    ...real,
    writeWhole: async (...given: Parameters<typeof real.writeWhole>) => {
      if (given[0].endsWith(".segment") && --disk.segments < 0) throw systemError("ENOSPC", -28);
      await real.writeWhole(...given);
    },
  };
});

function systemError(code: string, errno: number): Error {
  return Object.assign(new Error(`${code}: refused by the test`), { code, errno });
}

beforeEach(() => {
  disk.refused.clear();
  disk.segments = Number.POSITIVE_INFINITY;
});

/** Opens the index and brings it up to date. */
async function current(paths: StorePaths, onNote?: (note: string) => void) {
  let read = 0;
  const onProgress = (_: number, total: number): void => {
    read = total;
  };
  const catalog = await Catalog.open({ paths, masking: {}, environment: null, onProgress, onNote });
  try {
    const before = await catalog.isCurrent();
    await catalog.refresh();
    const kinds = new Map(catalog.sessions().map(({ id, kind }) => [id, kind]));
    return { before, read, kinds, found: (await catalog.search("scripted session"))?.size };
  } finally {
    await catalog.close();
  }
}

async function segmentsIn(paths: StorePaths): Promise<number> {
  return (await walk(join(paths.root, "catalog"))).filter(({ path }) => path.endsWith(".segment")).length;
}

/** Keeps two sessions, long ago enough for the index to be trusted without a look at their files. */
async function settledStore() {
  const paths = await temporaryStore();
  const one = await keepFixture(paths, "multistep@1.18.33");
  const other = await keepFixture(paths, "plain-answer@1.18.33");
  const before = new Date(Date.now() - 3_600_000);
  await utimes(paths.sessions, before, before);
  await expect.poll(async () => (await current(paths)).before).toBe(true);
  await rm(join(paths.root, "catalog"), { recursive: true });
  return { paths, one, other };
}

test.each([
  ["EACCES", -13],
  ["EMFILE", -24],
  ["EIO", -5],
])("a session that the system refuses with %s is read again the next time", async (code, errno) => {
  const { paths, one, other } = await settledStore();
  disk.refused.set(`${one}.json`, systemError(code, errno));
  const unread = new Map([
    [other, "session"],
    [one, "unreadable"],
  ]);
  expect(await current(paths)).toMatchObject({ read: 2, kinds: unread });
  expect(await current(paths)).toMatchObject({ before: false, read: 1, kinds: unread });
  disk.refused.clear();
  const kinds = new Map([...unread.keys()].map((id) => [id, "session"]));
  expect(await current(paths)).toMatchObject({ before: false, read: 1, kinds });
  expect(await current(paths)).toMatchObject({ before: true, read: 0, kinds });
});

test("what is wrong with a session for good is read once", async () => {
  const { paths, one } = await settledStore();
  // An error of zlib has a number as the system's have.
  disk.refused.set(`${one}.json`, systemError("Z_DATA_ERROR", -3));
  expect((await current(paths)).kinds.get(one)).toBe("unreadable");
  expect(await current(paths)).toMatchObject({ before: true, read: 0 });
});

test("a full disk leaves the answers right, and the index to be made when there is room", async () => {
  const { paths } = await settledStore();
  disk.segments = 0;
  const notes: string[] = [];
  const full = { read: 2, found: 2 };
  for (const _ of [1, 2]) expect(await current(paths, (note) => notes.push(note))).toMatchObject(full);
  expect(notes).toEqual(Array.from({ length: 2 }, () => expect.stringContaining("the disk is full")));
  expect(await segmentsIn(paths)).toBe(0);
  disk.segments = Number.POSITIVE_INFINITY;
  expect(await current(paths)).toMatchObject(full);
  expect(await current(paths)).toMatchObject({ before: true, read: 0, found: 2 });
});

test("segments that cannot be written as one are kept", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "plain-answer@1.18.33");
  const { session, text } = loadFixture("plain-answer@1.18.33");
  const last = session.info.id;
  await current(paths);
  const notes: string[] = [];
  for (let made = 1; made < 8; made += 1) {
    const id = `${last.slice(0, -2)}${String(made).padStart(2, "0")}`;
    await writeFile(join(paths.sessions, `${id}.json`), text.replaceAll(last, id), { mode: 0o600 });
    disk.segments = 1;
    expect((await current(paths, (note) => notes.push(note))).kinds.size).toBe(made + 1);
  }
  expect(notes).toEqual([expect.stringContaining("could not be written")]);
  expect(await segmentsIn(paths)).toBe(8);
  disk.segments = 0;
  expect(await current(paths)).toMatchObject({ read: 0, found: 8 });
  expect(await segmentsIn(paths)).toBe(8);
});
