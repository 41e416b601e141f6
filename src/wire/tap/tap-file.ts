import { existsSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** The tap as a file of its own: what it says, and how its name has to end for Bun to read it. */
export interface TapFile {
  readonly text: string;
  readonly extension: ".mjs" | ".ts";
}

/**
 * The tap, to be copied to where an opencode loads it from.
 *
 * @throws the file system's error where looptrace's own files are gone
 */
export function tapFile(): TapFile {
  // From its sources looptrace has it as TypeScript, which Bun reads as well.
  const compiled = fileURLToPath(new URL("./tap.js", import.meta.url));
  const path = existsSync(compiled) ? compiled : fileURLToPath(new URL("./tap.ts", import.meta.url));
  return { text: readFileSync(path, "utf8"), extension: extname(path) === ".ts" ? ".ts" : ".mjs" };
}
