/**
 * Plays the demo and takes the pictures of the documentation: what commands show in terminals of several widths, and
 * the report and the list on a large and a small screen, light and dark.
 *
 *   npm run screenshots
 *   npm run screenshots -- --store /tmp/store     # plays the demo only where that has none yet
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { runCli } from "../../src/cli/program.js";
import { processTerminal } from "../../src/cli/terminal.js";
import { type StorePaths, storePathsAt } from "../../src/files/store-paths.js";
import { columnsOf } from "../../src/text/columns.js";
import { plainText } from "../../src/text/plain-text.js";
import { bundlePage } from "../../src/web/bundle-pages.js";
import { serveView } from "../../src/web/server/view-server.js";
import { launchBrowser } from "../../test/support/browser.js";
import { keepMore } from "./more-sessions.js";
import { openDemo } from "./open-demo.js";
import { MOST_BYTES, PAGES, pictureNames, SCHEMES, SCREENS, TERMINALS } from "./pictures.js";
import { terminalSvg } from "./terminal-svg.js";

const IMAGES = fileURLToPath(new URL("../../docs/images", import.meta.url));
/** Stands in the pictures for the temporary folder that the demo really works in. */
const SHOWN_DIRECTORY = "/home/you/shop";
/** Of 100: less is seen in small letters. */
const QUALITY = 70;

const { values } = parseArgs({ options: { store: { type: "string" } } });
const folder = await mkdtemp(join(tmpdir(), "looptrace-screenshots-"));
try {
  const played = storePathsAt(values.store ?? join(folder, "played"));
  if ((await readdir(played.sessions).catch(() => [])).length === 0) await play(played);
  const store = storePathsAt(join(folder, "store"));
  await cp(played.root, store.root, { recursive: true, preserveTimestamps: true });
  await keepMore(store);
  await mkdir(IMAGES, { recursive: true });
  await takeTerminals(store);
  await takePages(store);
  await refuseOthers();
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Plays the demo, with neutral paths in what is kept of it. */
async function play(store: StorePaths): Promise<void> {
  const demo = await openDemo({ ...processTerminal(), out: () => {} }, { LOOPTRACE_HOME: store.root });
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

/** @throws when a command fails, or prints a line that is wider than its terminal */
async function takeTerminals({ root }: StorePaths): Promise<void> {
  for (const { name, argv, columns } of TERMINALS) {
    for (const width of columns) {
      const command = `looptrace ${argv.join(" ")}`;
      const { code, text, said } = await printed(argv, width, root);
      if (code !== 0) throw new Error(`${command} ends with ${code}: ${said}`);
      const wide = text.split("\n").find((line) => columnsOf(plainText(line)) > width);
      if (wide !== undefined) throw new Error(`${command} is wider than ${width} columns: ${wide}`);
      await writeFile(join(IMAGES, `${name}-${width}.svg`), terminalSvg(command, text, width));
    }
  }
}

async function printed(argv: readonly string[], width: number, root: string) {
  const written = { text: "", said: "" };
  const code = await runCli(argv, {
    env: { FORCE_COLOR: "2", LOOPTRACE_HOME: root, TZ: "UTC" },
    cwd: root,
    out: (some) => {
      written.text += some;
    },
    err: (some) => {
      written.said += some;
    },
    readStdin: async () => "",
    outIsTty: true,
    errIsTty: false,
    width,
    errWidth: width,
    errHeight: 40,
  });
  return { code, ...written };
}

async function takePages(paths: StorePaths): Promise<void> {
  const [list, page] = await Promise.all([bundlePage("list"), bundlePage("report")]);
  const onProblem = (error: unknown): void => {
    throw error;
  };
  const options = {
    paths,
    masking: { environment: {} },
    environment: null,
    port: 0,
    assets: { list, page },
    onProblem,
  };
  const view = await serveView(options);
  const browser = await launchBrowser(folder);
  try {
    for (const viewport of SCREENS) {
      for (const colorScheme of SCHEMES) {
        const context = await browser.newContext({ viewport, colorScheme, timezoneId: "UTC", locale: "en-GB" });
        const tab = await context.newPage();
        await tab.goto(view.url);
        const first = tab.locator("tbody tr, .session").first();
        await first.waitFor();
        for (const one of PAGES.toReversed()) {
          if (one === "report") {
            await first.locator("a").first().click();
            await tab.locator(".row .bar").first().waitFor();
          }
          await take(tab, join(IMAGES, `${one}-${viewport.width}-${colorScheme}.webp`));
        }
        await context.close();
      }
    }
  } finally {
    await browser.close();
    await view.close();
  }
}

/** What is on the screen, as WebP: half of what PNG takes. */
async function take(tab: Page, path: string): Promise<void> {
  const session = await tab.context().newCDPSession(tab);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  await writeFile(path, Buffer.from(data, "base64"));
}

/** Removes pictures that are taken no more. @throws when they are too large for the repository */
async function refuseOthers(): Promise<void> {
  const wanted = new Set(pictureNames());
  let all = 0;
  for (const name of await readdir(IMAGES)) {
    const path = join(IMAGES, name);
    if (!wanted.has(name)) {
      await rm(path);
      continue;
    }
    const { size } = await stat(path);
    all += size;
    if (size > MOST_BYTES.picture)
      throw new Error(`${path} has ${size} bytes; at most ${MOST_BYTES.picture} are wanted`);
  }
  if (all > MOST_BYTES.all) throw new Error(`the pictures have ${all} bytes; at most ${MOST_BYTES.all} are wanted`);
  process.stderr.write(
    `Wrote ${wanted.size} pictures to ${relative(process.cwd(), IMAGES)}, ${Math.round(all / 1000)} kB.\n`,
  );
}
