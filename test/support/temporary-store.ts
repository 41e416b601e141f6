import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StorePaths, storePathsAt } from "../../src/files/store-paths.js";
import { onTestFinished } from "./side-by-side.js";

/** An empty store in the temporary folder, removed when the test is over. */
export async function temporaryStore(): Promise<StorePaths> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-store-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return storePathsAt(join(folder, "looptrace"));
}

/** All files and folders below a path, with their permission bits. */
export async function walk(
  root: string,
): Promise<readonly { readonly path: string; readonly isFolder: boolean; readonly mode: number }[]> {
  const paths = [root, ...(await readdir(root, { recursive: true })).map((name) => join(root, name))];
  return Promise.all(
    paths.map(async (path) => {
      const { mode } = await stat(path);
      return { path, isFolder: (await stat(path)).isDirectory(), mode: mode & 0o777 };
    }),
  );
}
