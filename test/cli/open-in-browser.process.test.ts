import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openersOf, openInBrowser } from "../../src/cli/open-in-browser.js";

test.each<[NodeJS.Platform, Record<string, string>, readonly string[]]>([
  ["linux", {}, ["xdg-open", "gio", "sensible-browser"]],
  ["linux", { BROWSER: "firefox:chromium" }, ["firefox", "chromium", "xdg-open", "gio", "sensible-browser"]],
  ["linux", { WSL_DISTRO_NAME: "Debian" }, ["wslview", "xdg-open", "gio", "sensible-browser"]],
  ["darwin", {}, ["open"]],
  ["win32", { BROWSER: "firefox" }, ["rundll32"]],
])("on %s with %j", (platform, env, programs) => {
  expect(openersOf(env, platform).map(([program]) => program)).toEqual(programs);
});

async function program(folder: string, name: string, lines: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return path;
}

test("the first that can is given the address; where none can, it says so and what to do", async () => {
  const folder = await mkdtemp(join(tmpdir(), "browser-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const cannot = await program(folder, "cannot", "exit 3");
  const can = await program(folder, "can", `printf '%s|' "$@" > '${join(folder, "given")}'`);
  const address = "http://127.0.0.1:4310/0123/?a=1&b=$(id)";
  const env = { PATH: folder, BROWSER: `${join(folder, "none")}:${cannot}:${can}` };
  expect(await openInBrowser(address, env, "linux")).toBeUndefined();
  expect(await readFile(join(folder, "given"), "utf8")).toBe(`${address}|`);
  const said = await openInBrowser(address, { PATH: folder, DISPLAY: ":0" }, "linux");
  expect(said).toBe(`No browser could be started (tried xdg-open, gio, sensible-browser).\nOpen ${address} yourself.`);
  expect(await openInBrowser(address, { PATH: folder }, "linux")).toBe(
    `There is no display here that a browser could open on.\nOpen ${address} yourself; BROWSER names a program that can.`,
  );
});
