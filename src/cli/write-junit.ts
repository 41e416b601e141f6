import { writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ConfigurationError } from "../errors/configuration-error.js";
import { describeDiskFailure } from "../files/disk-failure.js";
import { makeFolder } from "../files/make-folder.js";
import type { Terminal } from "./terminal.js";

/**
 * Writes JUnit XML to a file, or for `-` on standard output.
 *
 * @throws {ConfigurationError} when the file cannot be written
 */
export async function writeJunit(target: string, xml: string, terminal: Terminal): Promise<void> {
  if (target === "-") {
    terminal.out(xml);
    return;
  }
  const path = resolve(terminal.cwd, target);
  try {
    await makeFolder(dirname(path));
    await writeFile(path, xml);
  } catch (error) {
    const why = describeDiskFailure(error);
    throw new ConfigurationError("--junit", `--junit ${target}: the file cannot be written: ${why}.`);
  }
}

/** @throws {ConfigurationError} where standard output would hold two documents */
export function refuseTwoDocuments({ json, junit }: { readonly json?: boolean; readonly junit?: string }): void {
  if (!json || junit !== "-") return;
  const problem = "Standard output holds one document: give --junit a file, or leave --json out.";
  throw new ConfigurationError("--junit", problem);
}
