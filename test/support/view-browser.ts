import type { Browser } from "playwright-core";
import { onTestFinished } from "vitest";
import type { StorePaths } from "../../src/files/store-paths.js";
import { pageAssets } from "../../src/web/data/page-assets.js";
import { serveView, type ViewOptions, type ViewServer } from "../../src/web/server/view-server.js";
import { sharedBrowser } from "./shared-browser.js";
import { openWatched, type WatchedPage } from "./watched-page.js";

/** A server for the kept sessions of one test, with what went wrong in it. */
export interface ServedView extends ViewServer {
  readonly problems: readonly unknown[];
}

export interface ViewBrowser {
  serve(paths: StorePaths): Promise<ServedView>;
  /** The list in a page of its own; `requests` are those to anybody but the server. */
  open(view: ServedView): Promise<WatchedPage>;
  close(): Promise<void>;
}

/** A browser for the tests of one file. The pages are those that were bundled when the tests began. */
export async function viewBrowser(): Promise<ViewBrowser> {
  const assets = await viewAssets();
  const browser: Browser = await sharedBrowser();
  return {
    serve: (paths) => served(paths, assets),
    open: ({ url }) => openWatched(browser, url, (asked) => asked.startsWith(url)),
    close: () => browser.close(),
  };
}

export async function viewAssets(): Promise<ViewOptions["assets"]> {
  const [list, page] = await Promise.all([pageAssets("list"), pageAssets("report")]);
  return { list, page };
}

/** Serves a store until the test is over. */
export async function served(paths: StorePaths, assets: ViewOptions["assets"]): Promise<ServedView> {
  const problems: unknown[] = [];
  const onProblem = (error: unknown): void => void problems.push(error);
  const masking = { environment: {} };
  const server = await serveView({ paths, masking, environment: null, port: 0, assets, onProblem });
  let closing: Promise<void> | undefined;
  const once = (): Promise<void> => (closing ??= server.close());
  onTestFinished(once);
  return { ...server, close: once, problems };
}
