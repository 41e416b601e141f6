import { join } from "node:path";
import { z } from "zod";
import { attempt } from "../../errors/thrown.js";
import { readOwnTextNow } from "../../files/own-files.js";
import { ensurePrivateFolder, removeIfThereNow, writeWhole } from "../../files/private-files.js";
import type { StorePaths } from "../../files/store-paths.js";
import { type Destination, type DestinationInfo, destinationInfo } from "../destinations/destination.js";

const DESTINATION = "destination.json";
const LAST_ERROR = "last-error.json";
const MOST_NOTE_BYTES = 1_000_000;

const info = z.object({
  kind: z.enum(["langfuse", "otlp"]),
  label: z.string(),
  url: z.string(),
  keyStart: z.string().optional(),
});
const lastError = z.object({ message: z.string(), atMs: z.number() });

/** Why the last delivery did not succeed, and when, in ms since the epoch. */
export type LastError = z.output<typeof lastError>;

/**
 * Makes a destination's folder in the outbox, with a note of what it is for a time when it is no longer configured.
 *
 * @returns the folder
 * @throws the file system's error
 */
export async function prepareOutboxFolder(paths: StorePaths, destination: Destination): Promise<string> {
  const folder = join(paths.outbox, destination.id);
  await ensurePrivateFolder(paths.root, folder);
  const text = `${JSON.stringify(destinationInfo(destination), null, 2)}\n`;
  const path = join(folder, DESTINATION);
  if (readText(path) !== text) await writeWhole(path, text);
  return folder;
}

/** What is noted of a destination; one whose note is lost or damaged goes by its id. */
export async function readDestinationInfo(paths: StorePaths, id: string): Promise<DestinationInfo> {
  const noted = readNote(join(paths.outbox, id, DESTINATION), info);
  return noted ? { id, ...noted } : { id, kind: "otlp", label: id, url: "" };
}

/** Notes why delivery failed, or with undefined that it did not. */
export async function noteLastError(
  paths: StorePaths,
  destinationId: string,
  error: LastError | undefined,
): Promise<void> {
  const path = join(paths.outbox, destinationId, LAST_ERROR);
  if (error === undefined) removeIfThereNow(path);
  else await writeWhole(path, `${JSON.stringify(error)}\n`);
}

export async function readLastError(paths: StorePaths, destinationId: string): Promise<LastError | undefined> {
  return readNote(join(paths.outbox, destinationId, LAST_ERROR), lastError);
}

/** Empty where there is none, or none that can be read. */
function readText(path: string): string {
  return attempt(() => readOwnTextNow(path, MOST_NOTE_BYTES)) ?? "";
}

/** A note of a destination's folder; undefined where there is none, or none that can be read. */
export function readNote<T>(path: string, schema: z.ZodType<T>): T | undefined {
  const text = readText(path);
  return attempt(() => schema.parse(JSON.parse(text)));
}
