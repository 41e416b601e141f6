/**
 * Plays the demo and takes the picture of its report that README shows. Into `captures` go, to be looked at, what the
 * commands print at several widths, and the report on a large and on a small screen, light and dark.
 *
 *   npm run screenshots
 */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { BrowserContextOptions } from "playwright-core";
import { processTerminal } from "../../src/cli/terminal.js";
import { type StorePaths, storePathsAt } from "../../src/files/store-paths.js";
import { assembleFound } from "../../src/sessions/loaded-session.js";
import { storedSession } from "../../src/sessions/session-store.js";
import { lastStoredSession } from "../../src/sessions/stored-files.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { LOOPTRACE_VERSION } from "../../src/version.js";
import { bundlePage } from "../../src/web/bundle-pages.js";
import { reportBuilder } from "../../src/web/data/build-report.js";
import { reportHtml } from "../../src/web/data/report-html.js";
import { launchBrowser } from "../../test/support/browser.js";
import { capture } from "./capture.js";
import { openDemo } from "./open-demo.js";

const PICTURE = fileURLToPath(new URL("report.png", import.meta.url));
const SIZE = { width: 1280, height: 900 };
/** Not in git: they change with everything that is drawn. */
const CAPTURES = fileURLToPath(new URL("captures", import.meta.url));
const SCREENS = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

/** What a clone of the repository should not grow by with each new picture. */
const MOST_BYTES = 200_000;

/** Stands in the picture for the temporary folder that the demo really works in. */
const SHOWN_DIRECTORY = "/home/you/shop";

const folder = await mkdtemp(join(tmpdir(), "looptrace-screenshots-"));
try {
  const store = storePathsAt(join(folder, "store"));
  await play(store);
  const page = join(folder, "report.html");
  await writeFile(page, await reportOf(store));
  await takePictures(page);
  await capture(store, CAPTURES);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Plays the demo, with neutral paths in what is kept of it. */
async function play(store: StorePaths): Promise<void> {
  const own = processTerminal();
  const demo = await openDemo({ ...own, out: () => {} }, { LOOPTRACE_HOME: store.root });
  try {
    const exit = await demo.looptrace("run", "--dir", demo.workdir, demo.prompt);
    demo.check();
    if (exit !== 0) throw new Error(`the demo ended with ${exit}`);
    for (const name of await readdir(store.sessions)) {
      // A recording holds sizes and hashes of what it says, and its paths are in no picture.
      if (name.endsWith(".jsonl")) continue;
      const path = join(store.sessions, name);
      const text = await readFile(path, "utf8");
      // opencode names files outside of git from the root, without its first slash.
      const shown = text
        .replaceAll(demo.workdir, SHOWN_DIRECTORY)
        .replaceAll(demo.workdir.slice(1), SHOWN_DIRECTORY.slice(1));
      await writeFile(path, shown);
    }
  } finally {
    await demo.remove();
  }
}

async function reportOf(paths: StorePaths): Promise<string> {
  const id = await lastStoredSession(paths);
  const stored = id === undefined ? undefined : await storedSession(paths, id);
  if (!stored) throw new Error("the demo's session was not stored");
  const builder = reportBuilder(LOOPTRACE_VERSION);
  for (const { tree, evidence } of assembleFound([stored])) {
    for (const trace of traceSession(tree, evidence)) builder.add(trace);
  }
  return reportHtml(builder.finish(), await bundlePage("report")).join("");
}

async function takePictures(page: string): Promise<void> {
  await mkdir(CAPTURES, { recursive: true });
  const browser = await launchBrowser(folder);
  const take = async (path: string, options: BrowserContextOptions, fullPage: boolean): Promise<void> => {
    const context = await browser.newContext(options);
    const tab = await context.newPage();
    await tab.goto(pathToFileURL(page).href);
    await tab.locator(".row").first().waitFor();
    await tab.screenshot({ path, fullPage });
    await context.close();
  };
  try {
    await take(PICTURE, { viewport: SIZE, colorScheme: "light" }, false);
    for (const colorScheme of ["light", "dark"] as const)
      for (const viewport of SCREENS)
        await take(join(CAPTURES, `report-${viewport.width}-${colorScheme}.png`), { viewport, colorScheme }, true);
  } finally {
    await browser.close();
  }
  const { size } = await stat(PICTURE);
  if (size > MOST_BYTES) throw new Error(`${PICTURE} has ${size} bytes; at most ${MOST_BYTES} are wanted`);
  process.stderr.write(`Wrote ${relative(process.cwd(), PICTURE)}, ${Math.round(size / 1000)} kB.\n`);
}
