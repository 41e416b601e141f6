import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserServer } from "playwright-core";
import type { TestProject } from "vitest/node";
import { type BuiltPackage, buildPackage } from "./built-package.js";
import { compileSources } from "./compile-sources.js";
import { controlServer } from "./control-server.js";
import { placeAim, placeReturn, placeWish, warmPlaces } from "./warm-places.js";
import { startWarmServer, type WarmServer } from "./warm-server.js";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder with the compiled sources; it stands for the repository. */
    readonly compiledSources: string;
    /** Of the server that starts what test files share: see control-server.ts. */
    readonly sharedProcesses: string;
  }
}

/**
 * What all test files of a run share: each is started when it is first wanted, and goes away when the last file has
 * ended.
 */
export default async function sharedProcesses(project: TestProject): Promise<() => Promise<void>> {
  const browserFolder = await mkdtemp(join(tmpdir(), "looptrace-browser-"));
  const packageFolder = await mkdtemp(join(tmpdir(), "looptrace-package-"));
  const sources = await compileSources();
  let browser: Promise<BrowserServer> | undefined;
  // What starts it is loaded only then: that takes longer than most test files take to run.
  const chromium = (): Promise<BrowserServer> =>
    (browser ??= import("./browser.js").then(({ serveBrowser }) => serveBrowser(browserFolder)));
  let starting: Promise<WarmServer> | undefined;
  const opencode = (): Promise<WarmServer> => (starting ??= startWarmServer(sources.folder));
  const places = warmPlaces(opencode);
  let built: Promise<BuiltPackage> | undefined;
  const control = await controlServer({
    opencode: async () => {
      const { settings, program } = await opencode();
      return { settings, program };
    },
    browser: async () => (await chromium()).wsEndpoint(),
    package: () => (built ??= buildPackage(join(packageFolder, "copy"))),
    lease: (wish) => places.lease(placeWish.parse(wish)),
    aim: (aim) => places.aim(placeAim.parse(aim)),
    giveBack: (place) => places.giveBack(placeReturn.parse(place)),
  });
  project.provide("compiledSources", sources.folder);
  project.provide("sharedProcesses", control.url);
  return async () => {
    await control.close();
    const server = await starting?.catch(() => undefined);
    await server?.stop();
    await places.remove();
    await (await browser?.catch(() => undefined))?.close();
    await sources.remove();
    for (const folder of [browserFolder, packageFolder]) await rm(folder, { recursive: true, force: true });
  };
}
