import { copyFile, link, mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { generationOf, packagedGeneration, printedVersion } from "../../../src/opencode/program/generation.js";
import { knownGeneration } from "../../../src/opencode/program/known-generations.js";
import { generationOfProgram, readVersion } from "../../../src/opencode/program/opencode-version.js";
import { createRunFolder } from "../../../src/opencode/program/run-folder.js";
import { openCodeBinary } from "../../support/isolated-opencode.js";

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "generation-")));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function file(path: string, text: string): Promise<string> {
  const whole = join(root, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, text, { mode: 0o755 });
  return whole;
}

test.each([
  ["1.15.0", 1],
  ["1.18.33", 1],
  ["2.0.0-0720", 2],
  ["2.0.26", 2],
  ["3.0.0", 2],
  ["10.0.0", 2],
  ["0.0.0-dev-202511201200", 1],
  [null, 1],
] as const)("%s is of generation %s", (version, generation) => {
  expect(generationOf(version)).toBe(generation);
});

test.each([
  ["1.18.33\n", "1.18.33", 1],
  ["v1.17.2", "1.17.2", 1],
  ["opencode2 v2.0.0-0720\n", "2.0.0-0720", 2],
  ["opencode v2.0.26\n", "2.0.26", 2],
  ["opencode v0.0.0-next-7\n", "0.0.0-next-7", 2],
  ["0.0.0-dev-202511201200\n", "0.0.0-dev-202511201200", 1],
  ["1.18.34\nis new, but this is\nopencode v2.0.26\n", "2.0.26", 2],
] as const)("%j says %s", (output, version, generation) => {
  expect(printedVersion(output)).toEqual({ version, generation });
});

test.each(["", "command not found", "node v20.1.0", "2.0", "opencode v2"])("%j says nothing", (output) => {
  expect(printedVersion(output)).toBeUndefined();
});

test("npm's package tells the generation, and the program is not started for it", async () => {
  const started = join(root, "started");
  const program = `#!/bin/sh\ntouch '${started}'\necho 1.18.33\n`;
  const manifest = (name: string, version: string) => JSON.stringify({ name, version });
  const packages = [
    ["@opencode/cli", "2.0.26", 2],
    ["@opencode-ai/cli-linux-x64", "1.18.4", 2],
    ["opencode-ai", "1.18.33", 1],
    ["opencode-linux-x64", "2.1.0", 2],
  ] as const;
  for (const [name, version, generation] of packages) {
    const path = await file(`node_modules/${name}/bin/opencode`, program);
    await file(`node_modules/${name}/package.json`, manifest(name, version));
    const link = join(root, `link-to-${generation}-${version}`);
    await symlink(path, link);
    expect([name, packagedGeneration(link)]).toEqual([name, generation]);
    expect(await generationOfProgram(link, {})).toBe(generation);
  }
  await expect(realpath(started)).rejects.toThrow("ENOENT");

  await file("node_modules/wrapper/package.json", manifest("wrapper", "2.0.0"));
  const wrapped = await file("node_modules/wrapper/bin/opencode", program);
  expect(packagedGeneration(wrapped)).toBeUndefined();
  expect(await generationOfProgram(wrapped, { PATH: process.env.PATH })).toBe(1);
  await expect(realpath(started)).resolves.toBe(started);
  expect(packagedGeneration(join(root, "nowhere"))).toBeUndefined();
  expect(packagedGeneration(openCodeBinary())).toBe(1);
});

test("what a native program has said is known to the next run", async () => {
  const path = join(root, "opencode");
  // Its version is `v20.19.0`, say.
  await link(process.execPath, path).catch(() => copyFile(process.execPath, path));
  const environment = { PATH: process.env.PATH, LOOPTRACE_HOME: join(root, "home") };
  expect(knownGeneration(path, environment)).toBeUndefined();
  expect(await generationOfProgram(path, environment)).toBe(2);
  expect(knownGeneration(path, environment)).toBe(2);
});

test("a version manager's shim is asked in the directory that it is to work in", async () => {
  const shim = await file("asdf/shims/opencode", `#!/bin/sh\n[ -e chosen ] && echo opencode v2.0.26 || echo 1.18.33\n`);
  await mkdir(join(root, "asdf/installs/opencode/1.18.33"), { recursive: true });
  await file("work/one/chosen", "");
  await file("work/one/.tool-versions", "opencode 2.0.26\n");
  await file("work/other/.tool-versions", "opencode 1.18.33\n");
  await file("work/plain/chosen", "");
  const environment = { PATH: process.env.PATH, HOME: root };
  const folder = await createRunFolder();
  try {
    for (const [place, generation] of [
      ["other", 1],
      ["one", 2],
      // Where nothing chooses, one is like the other.
      ["plain", 1],
    ] as const) {
      const directory = join(root, "work", place);
      expect([place, await generationOfProgram(shim, environment, directory)]).toEqual([place, generation]);
      expect(await readVersion(shim, folder, environment, directory)).toMatchObject({ generation });
    }
    expect(await generationOfProgram(shim, environment)).toBe(1);
  } finally {
    await folder.remove();
  }
});

test("an update is noticed, also one that is as long and as old as what was there", async () => {
  const folder = await createRunFolder();
  try {
    const then = new Date("1985-10-26T08:15:00Z");
    const path = await file("opencode", "#!/bin/sh\necho 1.18.33\n");
    await utimes(path, then, then);
    expect(await readVersion(path, folder, {})).toMatchObject({ version: "1.18.33", generation: 1 });
    await rm(path);
    await file("opencode", "#!/bin/sh\necho 2.18.33\n");
    await utimes(path, then, then);
    expect(await readVersion(path, folder, {})).toMatchObject({ version: "2.18.33", generation: 2 });
  } finally {
    await folder.remove();
  }
});
