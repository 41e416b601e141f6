import { type Browser, chromium } from "playwright-core";
import { inject } from "vitest";
import { z } from "zod";
import { askControl } from "./control-server.js";

/**
 * The one browser of all test files, started by the first that wants it. Closing it closes what this file opened in it.
 *
 * @throws when it cannot be started: what needs a browser is not tested without one
 */
export async function sharedBrowser(): Promise<Browser> {
  return chromium.connect(z.string().parse(await askControl(inject("sharedProcesses"), "browser")));
}
