import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, type BrowserServer, chromium, type LaunchOptions } from "playwright-core";

const run = promisify(execFile);

/**
 * Unpacks the browser that the package carries, with the libraries and fonts that it carries too, so that the machine
 * needs none of its own: the variable makes the package believe that it is where nothing else is installed.
 */
const UNPACK = `
import chromium from "@sparticuz/chromium";
chromium.setGraphicsMode = false;
await chromium.executablePath();
`;

/**
 * Starts a real Chromium without a window: the one that the package carries, which is for Linux on x64, or the one
 * whose path is in LOOPTRACE_TEST_BROWSER.
 *
 * @param folder where it is unpacked, once for all who give the same one
 * @throws when it cannot be unpacked or started: what needs a browser is not tested without one
 */
export async function launchBrowser(folder: string): Promise<Browser> {
  return chromium.launch(await launchOptions(folder));
}

/** The same for several processes, each of which connects to its address; on this machine only. */
export async function serveBrowser(folder: string): Promise<BrowserServer> {
  return chromium.launchServer({ ...(await launchOptions(folder)), host: "127.0.0.1" });
}

async function launchOptions(folder: string): Promise<LaunchOptions> {
  const { LOOPTRACE_TEST_BROWSER: own } = process.env;
  if (own) return { executablePath: own };
  const place = join(folder, "chromium");
  if (!existsSync(place)) await unpack(folder, place);
  return {
    executablePath: join(place, "chromium"),
    // The sandbox refuses to start for root, as which containers run their tests.
    args: ["--no-sandbox", "--disable-gpu"],
    env: {
      ...process.env,
      HOME: folder,
      TMPDIR: folder,
      FONTCONFIG_FILE: join(place, FONT_SETTINGS),
      LD_LIBRARY_PATH: join(place, "al2023", "lib"),
    },
  };
}

async function unpack(folder: string, place: string): Promise<void> {
  const own = await mkdtemp(join(folder, "unpacking-"));
  await run(process.execPath, ["--input-type=module", "-e", UNPACK], {
    env: { ...process.env, TMPDIR: own, AWS_LAMBDA_JS_RUNTIME: "nodejs20.x" },
  });
  await writeFile(join(own, FONT_SETTINGS), fontSettings(place));
  try {
    await rename(own, place);
  } catch (error) {
    // Another test file was faster; one of the two is enough.
    if (!existsSync(join(place, "chromium"))) throw error;
    await rm(own, { recursive: true, force: true });
  }
}

const FONT_SETTINGS = "looptrace-fonts.conf";

/** The package's own settings name a folder that is not where its fonts are; without any font Chromium crashes. */
function fontSettings(place: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>${join(place, "fonts")}</dir>
  <cachedir>${join(place, "font-cache")}</cachedir>
</fontconfig>
`;
}
