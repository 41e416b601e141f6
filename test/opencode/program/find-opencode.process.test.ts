import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { OpenCodeNotFoundError } from "../../../src/errors/opencode-not-found-error.js";
import { findOpenCode, otherOpenCodes, searchOpenCode } from "../../../src/opencode/program/find-opencode.js";

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "find-opencode-")));
});
afterEach(() => {
  vi.unstubAllEnvs();
  return rm(root, { recursive: true, force: true });
});

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

test("opencode 2 is found under its second name, behind the first of the same place", async () => {
  const early = await program("early/opencode2");
  const late = join(root, "late");
  const environment = { PATH: [dirname(early), late].join(delimiter) };
  expect(found({ environment })).toBe(early);
  const plain = await program("late/opencode");
  expect(found({ environment })).toBe(plain);
  // The project's own comes first, whatever its name.
  const own = await program("work/node_modules/.bin/opencode2");
  expect(found({ environment })).toBe(own);
  const near = await program("work/deep/node_modules/.bin/opencode");
  expect(found({ environment })).toBe(near);
});

test("the others on the machine are known, each once", async () => {
  const plain = await program("bin/opencode");
  const second = await program("bin/opencode2");
  await symlink(plain, join(root, "link"));
  await mkdir(join(root, "more"));
  await symlink(second, join(root, "more/opencode2"));
  const environment = { PATH: [dirname(plain), join(root, "more")].join(delimiter) };
  const options = { directory: join(root, "work/deep"), environment };
  expect(otherOpenCodes(plain, options)).toEqual([second]);
  expect(otherOpenCodes(join(root, "link"), options)).toEqual([second]);
  expect(otherOpenCodes(second, options)).toEqual([plain]);
  expect(otherOpenCodes("/nowhere/opencode", options)).toEqual([plain, second]);
  // Not what would not be started either.
  const open = await program("work/deep/node_modules/.bin/opencode", 0o777);
  expect(otherOpenCodes(plain, options)).toEqual([second]);
  expect(open).toContain("node_modules");
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

const OPEN_FILE = "others may write to it (mode 0777)";

test("one that others may write to is not started where a name means it, and passed over where it was looked for", async () => {
  const open = await program("work/deep/node_modules/.bin/opencode", 0o777);
  const trusted = { LOOPTRACE_TRUST: join(root, "work") };
  for (const where of [{ explicit: open }, { environment: { LOOPTRACE_OPENCODE: open } }]) {
    expect(failure(where).message).toContain("cannot be started");
    expect(failure(where).looked[0]).toContain(`${open}: ${OPEN_FILE}`);
    expect(failure(where).looked[0]).toContain(`LOOPTRACE_TRUST=${open} allows it`);
    expect(found({ ...where, environment: { ...where.environment, ...trusted } })).toBe(open);
  }
  expect(failure({}).looked[0]).toContain(`${open}: ${OPEN_FILE}`);
  expect(found({ environment: trusted })).toBe(open);

  const next = await program("work/node_modules/.bin/opencode");
  const { path, passedOver } = searchOpenCode({ directory: join(root, "work/deep"), environment: {} });
  expect([path, passedOver]).toEqual([next, [expect.stringContaining(`${open}: ${OPEN_FILE}`)]]);
});

test("a folder on its way that others may write to is as bad, whatever link leads there", async () => {
  const inner = await program("shared/opencode-ai/bin/opencode");
  await mkdir(join(root, "bin"));
  const link = join(root, "bin/opencode");
  await symlink("../shared/opencode-ai/bin/opencode", link);
  expect(found({ explicit: link })).toBe(link);
  await chmod(join(root, "shared"), 0o777);
  expect(failure({ explicit: link }).looked[0]).toContain(
    `others may write to the folder ${join(root, "shared")} (mode 0777)`,
  );
  // In a sticky folder nobody can put another one in its place.
  await chmod(join(root, "shared"), 0o1777);
  expect(found({ explicit: link })).toBe(link);
  expect(found({ explicit: inner })).toBe(inner);
});

test("on the PATH it is started, as a shell would; but not from there what npm or a relative folder put on it", async () => {
  const open = await program("usr/bin/opencode", 0o777);
  expect(found({ environment: { PATH: join(root, "usr/bin") } })).toBe(open);
  const bin = await program("elsewhere/node_modules/.bin/opencode", 0o777);
  const both = [dirname(bin), dirname(open)].join(delimiter);
  expect(found({ environment: { PATH: both } })).toBe(open);
  const near = relative(process.cwd(), dirname(open));
  expect(failure({ environment: { PATH: near } }).message).toContain(OPEN_FILE);
});

test("one that came with a cloned repository is its author's, whatever link leads to it; one that was installed is not", async () => {
  const work = join(root, "work");
  const near = await program("work/node_modules/.bin/opencode");
  const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: work, stdio: "ignore" });
  git("init");
  expect(found({})).toBe(near);
  git("add", "--force", "node_modules/.bin/opencode");
  expect(failure({}).looked[0]).toContain(`${near}: it came with the repository`);
  expect(found({ environment: { LOOPTRACE_TRUST: near } })).toBe(near);
  expect(found({ explicit: near })).toBe(near);

  await rename(join(work, "node_modules"), join(work, "modules"));
  await symlink("modules", join(work, "node_modules"));
  git("rm", "-r", "--cached", "--force", ".");
  git("add", "--force", "node_modules");
  expect(failure({}).looked[0]).toContain("it came with the repository");
  git("rm", "--cached", "node_modules");
  expect(found({})).toBe(near);
});

test("nor does it matter how one comes to the repository, or which one git is told of", async () => {
  const near = await program("work/node_modules/.bin/opencode");
  const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: join(root, "work"), stdio: "ignore" });
  git("init");
  git("add", "--force", "node_modules/.bin/opencode");
  await symlink("work", join(root, "by-link"));
  expect(failure({ directory: join(root, "by-link") }).looked[0]).toContain("it came with the repository");
  // As git itself tells its hooks.
  vi.stubEnv("GIT_DIR", ".git");
  expect(failure({}).looked[0]).toContain(`${near}: it came with the repository`);
});

test("a git that came with the repository is not asked", async () => {
  await program("work/node_modules/.bin/opencode");
  const asked = join(root, "asked");
  const git = await program("work/node_modules/.bin/git");
  await writeFile(git, `#!/bin/sh\ntouch '${asked}'\n`);
  vi.stubEnv("PATH", [dirname(git), `${dirname(git)}/`, process.env.PATH].join(delimiter));
  found({});
  expect(existsSync(asked)).toBe(false);
});
