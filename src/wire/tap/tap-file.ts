import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The tap as a file of its own: what it says, and how its name has to end for Bun to read it. */
export interface TapFile {
  readonly text: string;
  readonly extension: ".mjs" | ".ts";
}

/**
 * The tap, to be copied to where an opencode preloads it from.
 *
 * @param propagates whether it also gives requests the `traceparent` of their trace
 * @throws the file system's error where looptrace's own files are gone
 */
export function tapFile(propagates = false): TapFile {
  const { text, extension } = fileOf("tap");
  // In one file, since only one can be preloaded; the tap first, so that it records what the other puts in.
  const texts = propagates ? [text, fileOf("propagate").text] : [text];
  return { text: texts.join("\n"), extension: extension === ".js" ? ".mjs" : extension };
}

/** What the plugin's file is called, without its ending. */
export const PLUGIN_NAME = "looptrace-wire";

/**
 * The files of the plugin by their names, the one that opencode loads first.
 *
 * @throws the file system's error where looptrace's own files are gone
 */
export function pluginFiles(): readonly (readonly [name: string, text: string])[] {
  const [plugin, tap] = [fileOf("plugin"), fileOf("tap")];
  return [
    [`${PLUGIN_NAME}${plugin.extension}`, plugin.text],
    [`tap${tap.extension}`, tap.text],
    ["package.json", '{ "type": "module" }\n'],
  ];
}

function fileOf(name: "tap" | "plugin" | "propagate"): { readonly text: string; readonly extension: ".js" | ".ts" } {
  // From its sources looptrace has it as TypeScript, which Bun reads as well.
  const compiled = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  if (existsSync(compiled)) return { text: readFileSync(compiled, "utf8"), extension: ".js" };
  return { text: readFileSync(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), "utf8"), extension: ".ts" };
}
