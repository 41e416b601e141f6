import { chmod, mkdir, readFile, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { fileOfProgram, knownGeneration, noteGeneration } from "../../../src/opencode/program/known-generations.js";
import { generationOfProgram } from "../../../src/opencode/program/opencode-version.js";
import { temporaryStore, walk } from "../../support/temporary-store.js";

const ELF = "\x7fELF, and no program that could be started";

async function programs() {
  const { root } = await temporaryStore();
  const folder = join(dirname(root), "bin");
  const put = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o755 });
    return path;
  };
  return { root, folder, put, environment: { LOOPTRACE_HOME: root } };
}

test("a program that was asked is not asked again, by none of its names, until another file is there", async () => {
  const { root, folder, put, environment } = await programs();
  const path = await put("opencode2", ELF);
  expect(knownGeneration(path, environment)).toBeUndefined();
  await noteGeneration(path, environment, 2, fileOfProgram(path));
  expect(knownGeneration(path, environment)).toBe(2);
  // It could not be started at all.
  expect(await generationOfProgram(path, environment)).toBe(2);
  await symlink(path, join(folder, "oc"));
  expect(await generationOfProgram(join(folder, "oc"), environment)).toBe(2);
  expect(knownGeneration(path, { LOOPTRACE_HOME: join(folder, "elsewhere") })).toBeUndefined();
  for (const { mode, isFolder } of await walk(root)) expect(mode).toBe(isFolder ? 0o700 : 0o600);

  const then = new Date("1985-10-26T08:15:00Z");
  await utimes(path, then, then);
  const asked = fileOfProgram(path);
  await noteGeneration(path, environment, 2, asked);
  await put("next", ELF);
  await utimes(join(folder, "next"), then, then);
  await rename(join(folder, "next"), path);
  expect(knownGeneration(path, environment)).toBeUndefined();
  // What was said by the file before counts for that.
  await noteGeneration(path, environment, 2, asked);
  expect(knownGeneration(path, environment)).toBeUndefined();
});

test("what may start another program than before is asked each time", async () => {
  const { put, folder, environment } = await programs();
  const snap = await put("snap", ELF);
  await symlink(snap, join(folder, "opencode"));
  const paths = [
    await put("script/opencode", "#!/bin/sh\nexec opencode-of-today\n"),
    await put("shims/opencode", ELF),
    join(folder, "opencode"),
    await put("empty/opencode", ""),
    join(folder, "nowhere"),
    folder,
  ];
  for (const path of paths) {
    await noteGeneration(path, environment, 2, fileOfProgram(path));
    expect([path, knownGeneration(path, environment)]).toEqual([path, undefined]);
  }
});

test.each(["", "[", "{}", "[null]", '[{"file":1,"generation":2}]', '[{"file":"x","generation":3}]'])(
  "a note %j tells nothing, and is written anew",
  async (text) => {
    const { root, put, environment } = await programs();
    const path = await put("opencode", ELF);
    await mkdir(root, { mode: 0o700 });
    await writeFile(join(root, "programs.json"), text, { mode: 0o600 });
    expect(knownGeneration(path, environment)).toBeUndefined();
    await noteGeneration(path, environment, 1, fileOfProgram(path));
    expect(knownGeneration(path, environment)).toBe(1);
  },
);

test("the last ones are known, and a folder that others can write to is not believed", async () => {
  const { root, put, environment } = await programs();
  const paths = await Promise.all(Array.from({ length: 18 }, (_, at) => put(`${at}/opencode`, ELF)));
  for (const path of paths) await noteGeneration(path, environment, 2, fileOfProgram(path));
  expect(paths.map((path) => knownGeneration(path, environment))).toEqual([
    ...[undefined, undefined],
    ...Array.from({ length: 16 }, () => 2),
  ]);
  expect(JSON.parse(await readFile(join(root, "programs.json"), "utf8"))).toHaveLength(16);
  await chmod(root, 0o777);
  expect(knownGeneration(paths[17] ?? "", environment)).toBeUndefined();
});
