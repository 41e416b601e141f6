import { pathOfOpenCode, type WhereOpenCode } from "./find-opencode.js";
import type { Generation } from "./generation.js";
import { type OpenCodeProgram, readVersion } from "./opencode-version.js";
import { createRunFolder, type RunFolder } from "./run-folder.js";
import { sweepRunFolders } from "./sweep-run-folders.js";

/** An opencode that was found, and a private folder to work with it. */
export interface OpenCodeAtHand {
  readonly opencode: OpenCodeProgram;
  readonly generation: Generation;
  readonly folder: RunFolder;
  /** What is unusual about this opencode, each a sentence for a person. */
  readonly warnings: readonly string[];
}

export interface WithOpenCodeOptions {
  /**
   * Whether what killed runs have left is ended first, so that a session of theirs is read as it will stay (3 s at
   * most); a run does not wait for that.
   */
  readonly sweep: "first" | "meanwhile";
}

/**
 * Finds opencode, gives it a private folder for as long as `use` takes, and cleans up afterwards, also after a failure.
 * For `exportSession` and `listSessions` outside of a run.
 *
 * @throws {OpenCodeNotFoundError} when there is no opencode
 */
export async function withOpenCode<T>(
  where: WhereOpenCode,
  use: (atHand: OpenCodeAtHand) => Promise<T>,
  { sweep }: WithOpenCodeOptions = { sweep: "first" },
): Promise<T> {
  const { environment, directory } = where;
  const path = pathOfOpenCode(where);
  const swept = sweepRunFolders();
  if (sweep === "first") await swept;
  const folder = await createRunFolder();
  try {
    const { version, generation, warning } = await readVersion(path, folder, environment, directory);
    const warnings = warning === null ? [] : [warning];
    return await use({ opencode: { path, version }, generation, folder, warnings });
  } finally {
    // Nothing is left to do where `use` has removed it already.
    await folder.remove();
  }
}

/**
 * The same for many uses, several at a time: what killed runs have left is looked for once, and one folder is for all
 * of them. What is to be started in a folder under one name, two commands say, is not to be started at once.
 */
export class SharedOpenCode {
  readonly #where: WhereOpenCode;
  #opened: Promise<OpenCodeAtHand> | undefined;
  #close: () => void = () => undefined;
  #closed: Promise<void> = Promise.resolve();

  constructor(where: WhereOpenCode) {
    this.#where = where;
  }

  /**
   * Finds it when it is first asked for.
   *
   * @throws {OpenCodeNotFoundError} when there is no opencode, each time
   */
  async open(): Promise<OpenCodeAtHand> {
    this.#opened ??= new Promise((resolve, reject) => {
      const isOver = new Promise<void>((over) => {
        this.#close = over;
      });
      const using = withOpenCode(this.#where, async (atHand) => {
        resolve(atHand);
        await isOver;
      });
      this.#closed = using.catch(reject);
    });
    return await this.#opened;
  }

  /** Removes what is there of it; it is not to be opened again. */
  async close(): Promise<void> {
    this.#close();
    await this.#closed;
  }
}
