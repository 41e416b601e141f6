import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OpenCodeNotFoundError } from "../../src/errors/opencode-not-found-error.js";
import { findOpenCode } from "../../src/opencode/find-opencode.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "find-opencode-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function program(path: string, mode = 0o755): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, "#!/bin/sh\n");
  await chmod(file, mode);
  return file;
}

function found(options: { explicit?: string; environment?: Record<string, string>; directory?: string }) {
  return findOpenCode({ directory: join(root, "work/deep"), environment: {}, ...options });
}

function failure(options: Parameters<typeof found>[0]): OpenCodeNotFoundError {
  try {
    found(options);
  } catch (error) {
    if (error instanceof OpenCodeNotFoundError) return error;
    throw error;
  }
  throw new Error("an opencode was found");
}

test("the explicit path is taken before all others, relative to the directory", async () => {
  const explicit = await program("work/deep/mine/opencode");
  const other = await program("other/opencode");
  expect(found({ explicit: "mine/opencode", environment: { LOOPTRACE_OPENCODE: other } })).toBe(explicit);
});

test("then LOOPTRACE_OPENCODE, then node_modules/.bin of the directory and its parents, then PATH", async () => {
  const onPath = await program("usr/bin/opencode");
  const environment = { PATH: ["/does/not/exist", join(root, "usr/bin")].join(delimiter) };
  expect(found({ environment })).toBe(onPath);
  const above = await program("work/node_modules/.bin/opencode");
  expect(found({ environment })).toBe(above);
  const near = await program("work/deep/node_modules/.bin/opencode");
  expect(found({ environment })).toBe(near);
  const chosen = await program("chosen/opencode");
  expect(found({ environment: { ...environment, LOOPTRACE_OPENCODE: chosen } })).toBe(chosen);
});

test("a path that was named is never replaced by another one", async () => {
  await program("work/deep/node_modules/.bin/opencode");
  const missing = failure({ explicit: "/nowhere/opencode" });
  expect(missing.message).toContain("--opencode");
  expect(missing.looked).toEqual(["/nowhere/opencode: does not exist"]);
  expect(failure({ environment: { LOOPTRACE_OPENCODE: root } }).message).toContain("is not a file");
});

test("nothing found: says where it looked and how to install it", async () => {
  const locked = await program("usr/bin/opencode", 0o644);
  const error = failure({ environment: { PATH: join(root, "usr/bin") } });
  expect(error.code).toBe("opencode_not_found");
  expect(error.message).toContain("npm install -g opencode-ai");
  expect(error.message).toContain(`${locked}: is not executable`);
  expect(error.message).toContain(`node_modules/.bin in ${join(root, "work/deep")}`);
  expect(error.message).toContain(`PATH: ${join(root, "usr/bin")}`);
});
