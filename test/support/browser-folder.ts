import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the browser is unpacked by the first test file that needs it. */
    readonly browserFolder: string;
  }
}

/** One folder for all test files of a run; it goes away when the last one has ended. */
export default async function browserFolder(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-browser-"));
  project.provide("browserFolder", folder);
  return () => rm(folder, { recursive: true, force: true });
}
