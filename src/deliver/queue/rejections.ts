import { join } from "node:path";
import { ensurePrivateFolder, namesIn, writeWhole } from "../../files/private-files.js";
import type { StorePaths } from "../../files/store-paths.js";
import type { DestinationInfo } from "../destinations/destination.js";

/** A request as it is kept: without characters in its name that a file's name cannot have. */
export interface RejectedRequest {
  readonly name: string;
  readonly extension: string;
  readonly body: Uint8Array;
}

/**
 * Keeps a request that a destination will never take, `<name>.<extension>`, and why, `<name>.reason.json`, for a person
 * to look at. The same name again replaces both.
 *
 * @throws the file system's error
 */
export async function keepRejected(
  paths: StorePaths,
  destination: DestinationInfo,
  { name, extension, body }: RejectedRequest,
  why: { readonly reason: string; readonly atMs: number },
): Promise<void> {
  const folder = join(paths.rejected, destination.id);
  await ensurePrivateFolder(paths.root, folder);
  const { label, url, kind } = destination;
  const note = { reason: why.reason, at: new Date(why.atMs).toISOString(), destination: { label, url, kind } };
  await writeWhole(join(folder, `${name}.reason.json`), `${JSON.stringify(note, null, 2)}\n`);
  await writeWhole(join(folder, `${name}.${extension}`), body);
}

/** How many rejected requests are kept for a destination. */
export async function countRejected(paths: StorePaths, destinationId: string): Promise<number> {
  const names = await namesIn(join(paths.rejected, destinationId));
  return names.filter((name) => name.endsWith(".reason.json")).length;
}
