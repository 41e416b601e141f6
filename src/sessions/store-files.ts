import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../errors/thrown.js";
import { readOwnText } from "../files/own-files.js";
import type { StorePaths } from "../files/store-paths.js";

/** The path of one file of a session. @param ending such as `json`; see `session-store.ts` */
export function fileOf(paths: StorePaths, id: string, ending: string): string {
  return join(paths.sessions, `${id}.${ending}`);
}

/** The names of all files of the store's sessions; none where there is no store. */
export async function namesIn(paths: StorePaths): Promise<readonly string[]> {
  return readdir(paths.sessions).catch((error: unknown) => {
    if (isNotThere(error)) return [];
    throw error;
  });
}

/** Tells the names of a session's files. A store of many sessions is listed once, where many of them are read. */
export type NamesOf = (id: string) => Promise<readonly string[]>;

/** Lists the store for each session. */
export function namesOfEach(paths: StorePaths): NamesOf {
  return async (id) => (await namesIn(paths)).filter((name) => name.startsWith(`${id}.`));
}

/** The text of a file of the store; empty where there is none. */
export async function readIfThere(path: string): Promise<string> {
  return (await ifThere(readOwnText(path))) ?? "";
}

/** What is read of a file; undefined where that is not there. */
export async function ifThere<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

/** A store whose place is taken by a file holds nothing either. */
function isNotThere(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}
