import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OpenCodeNotFoundError } from "../../../src/errors/opencode-not-found-error.js";
import {
  autoApproveOption,
  readVersion,
  versionSupport,
  versionWarning,
} from "../../../src/opencode/program/opencode-version.js";
import { createRunFolder, type RunFolder } from "../../../src/opencode/program/run-folder.js";
import { openCodeBinary } from "../../support/isolated-opencode.js";

let folder: RunFolder;
beforeEach(async () => {
  folder = await createRunFolder();
});
afterEach(() => folder.remove());

async function script(text: string): Promise<string> {
  const path = await folder.write("opencode", text);
  await chmod(path, 0o755);
  return path;
}

test("the real program says its version", async () => {
  const environment = { HOME: folder.path, PATH: process.env.PATH };
  const { version, warning } = await readVersion(openCodeBinary(), folder, environment);
  expect(version).toMatch(/^1\.\d+\.\d+$/);
  expect(warning).toBeNull();
});

test("an unknown version is a warning, not an error", async () => {
  const path = await script("#!/bin/sh\necho opencode v2.1.0\n");
  const { version, generation, warning } = await readVersion(path, folder, {});
  expect([version, generation]).toEqual(["2.1.0", 2]);
  expect(warning).toContain("opencode 2.1.0 is not one of the versions");
});

test("something that is no version is quoted", async () => {
  const path = await script("#!/bin/sh\necho 'please \x1b[31mupdate' >&2\nexit 3\n");
  const { version, problem, warning } = await readVersion(path, folder, {});
  expect([version, problem]).toEqual([null, `${path} --version printed no version (exit 3: please update)`]);
  expect(warning).toContain("printed no version (exit 3: please update), so that it may not be opencode;");
});

test("a secret in what is quoted is masked, also where the quotation is cut", async () => {
  const path = await script(`#!/bin/sh\necho "${"x".repeat(190)} $SOME_API_KEY"\n`);
  const { problem } = await readVersion(path, folder, { SOME_API_KEY: "hush-0123456789-hush" });
  expect(problem).toContain("x".repeat(190));
  expect(problem).not.toContain("hush");
});

test("a file that the system cannot start", async () => {
  const path = join(folder.path, "broken");
  await writeFile(path, "#!/no/such/interpreter\n", { mode: 0o755 });
  await expect(readVersion(path, folder, {})).rejects.toThrow(OpenCodeNotFoundError);
});

test.each(["1.15.0", "1.16.4", "1.18.33", "2.0.0-0720", "2.0.26"])("%s is known", (version) => {
  expect(versionWarning(version)).toBeNull();
});

test.each(["1.14.9", "1.19.0", "0.3.1", "2.15.0"])("%s is not", (version) => {
  expect(versionWarning(version)).toContain(version);
});

test.each([
  ["0.3.1", "older"],
  ["1.14.9", "older"],
  ["1.15.0", "known"],
  ["1.18.33", "known"],
  ["1.18.0-beta.2", "known"],
  ["1.19.0", "newer"],
  ["2.0.0-0720", "known"],
  ["2.0.26", "known"],
  ["2.1.0", "newer"],
  ["3.0.0", "newer"],
  ["0.0.0-dev-202511201200", "newer"],
] as const)("%s is %s", (version, support) => {
  expect(versionSupport(version)).toBe(support);
});

test("the option for automatic approval has two names", () => {
  expect(autoApproveOption("1.15.13")).toBe("--dangerously-skip-permissions");
  expect(autoApproveOption("1.17.19")).toBe("--auto");
  expect(autoApproveOption("1.18.33")).toBe("--auto");
  expect(autoApproveOption(null)).toBe("--auto");
});
