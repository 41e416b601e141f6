import { chmod, lstat, mkdir, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { JSONPath, ParseError } from "jsonc-parser";
import { attempt, hasCode, messageOf } from "../../errors/thrown.js";
import { readOwnText, UnfitFileError } from "../../files/own-files.js";
import { namesIn, writeWhole } from "../../files/private-files.js";
import { isFields } from "../../text/json-fields.js";
import { PLUGIN_NAME } from "../../wire/tap/tap-file.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** What is to become of opencode's configuration. */
export type ConfigEdit =
  /** It is as it should be. */
  | { readonly kind: "none" }
  /** @property isBare whether nothing is left in it but what looptrace writes into one that it makes */
  | { readonly kind: "write"; readonly text: string; readonly isNew: boolean; readonly isBare: boolean }
  /** It is not looptrace's to change, or not understood. `byHand`: what is the matter, and what to do; for a person. */
  | { readonly kind: "refused"; readonly byHand: string };

/** The most special comes last; opencode reads all of them. */
const CONFIGS = ["config.json", "opencode.json", "opencode.jsonc"] as const;
const LONGEST_CONFIG_BYTES = 1024 * 1024;
/** Fields that only a configuration of opencode 2 has; 1.x would refuse them. */
const FIELDS_OF_2 = ["providers", "agents", "permissions", "plugins", "commands", "snapshots"];
const BARE = { $schema: "https://opencode.ai/config.json" };

/** Where the user's configuration of opencode is. */
export function configFolder(environment: Environment): string {
  const home = environment.HOME || homedir();
  return join(environment.XDG_CONFIG_HOME || join(home, ".config"), "opencode");
}

/** The last of the files that are there; `opencode.json` where there is none. */
export async function configPath(environment: Environment): Promise<string> {
  const folder = configFolder(environment);
  const names: readonly string[] = await namesIn(folder).catch(() => []);
  return join(folder, CONFIGS.findLast((name) => names.includes(name)) ?? "opencode.json");
}

/** Whether a configuration names the plugin, also one that is a link. What cannot be read names nothing. */
export async function namesPlugin(path: string): Promise<boolean> {
  const text = await textOf(path).catch(() => "");
  const { parse } = await import("jsonc-parser");
  return entriesIn(parse(text, [], { allowTrailingComma: true })).some(({ isOurs }) => isOurs);
}

/** A link is followed: what stands behind it is opencode's configuration all the same. */
async function textOf(path: string): Promise<string> {
  return await readOwnText(await realpath(path), LONGEST_CONFIG_BYTES);
}

/**
 * What would have a configuration name the plugin, comments and all else in it kept, or not name it any more.
 *
 * @param plugin the plugin's file
 * @param isWanted whether it is to be named
 */
export async function editOf(path: string, plugin: string, isWanted: boolean): Promise<ConfigEdit> {
  const refused = (why: string, key = "plugin"): ConfigEdit => {
    const what = isWanted
      ? `Add ${JSON.stringify(entryFor(key, plugin))} to the list "${key}" in it yourself.`
      : `Take the entry that ends in ${basename(plugin)} out of the list "${key}" in it yourself.`;
    return { kind: "refused", byHand: `${path} is not changed: ${why}. ${what}` };
  };
  const found = await lstat(path).catch(() => undefined);
  let text = "";
  try {
    if (found) text = await textOf(path);
  } catch (error) {
    const isDangling = hasCode(error, "ENOENT");
    if (isDangling && !isWanted) return { kind: "none" };
    return refused(isDangling ? "it is a link to a file that is not there" : whyUnread(error));
  }
  if (!isWanted && !text.includes(PLUGIN_NAME)) return { kind: "none" };
  const base = text.trim() === "" ? `${JSON.stringify(BARE, null, 2)}\n` : text;
  const { parse } = await import("jsonc-parser");
  const errors: ParseError[] = [];
  const config: unknown = parse(base, errors, { allowTrailingComma: true });
  if (errors.length > 0 || !isFields(config)) return refused("it is no JSON object that can be read");
  const key = FIELDS_OF_2.some((field) => field in config) ? "plugins" : "plugin";
  if (key in config && !Array.isArray(config[key])) return refused(`"${key}" in it is no list`, key);
  const ours = entriesIn(config).filter(({ isOurs }) => isOurs);
  const isRight = (value: unknown): boolean => value === entryFor(key, plugin);
  if (isWanted ? ours.length === 1 && isRight(ours[0]?.value) : ours.length === 0) return { kind: "none" };
  if (found?.isSymbolicLink()) {
    const isThere = ours.some(({ value }) => isRight(value) || pathIn(value) === plugin);
    return isWanted && isThere
      ? { kind: "none" }
      : refused("it is a link, and what it leads to may be another program's", ours[0]?.path[0] ?? key);
  }
  const edited = await withEntry(base, config, key, isWanted ? entryFor(key, plugin) : undefined);
  return { kind: "write", text: edited, isNew: found === undefined, isBare: isBare(edited) };
}

function whyUnread(error: unknown): string {
  return error instanceof UnfitFileError ? `it ${error.problem}` : `it cannot be read (${messageOf(error)})`;
}

/** opencode 2 takes paths. */
function entryFor(key: string, plugin: string): string {
  return key === "plugins" ? plugin : pathToFileURL(plugin).href;
}

function pathIn(value: unknown): unknown {
  return typeof value === "string" && value.startsWith("file:") ? attempt(() => fileURLToPath(value)) : value;
}

/** With a comment in it, it is none of JSON's. */
function isBare(text: string): boolean {
  return JSON.stringify(attempt((): unknown => JSON.parse(text))) === JSON.stringify(BARE);
}

async function withEntry(
  base: string,
  config: Readonly<Record<string, unknown>>,
  key: string,
  wanted: string | undefined,
): Promise<string> {
  const { applyEdits, modify } = await import("jsonc-parser");
  const entries = entriesIn(config);
  const options = { formattingOptions: indentationOf(base) };
  let edited = base;
  const change = (at: JSONPath, value: unknown, isInsertion = false): void => {
    edited = applyEdits(edited, modify(edited, at, value, { ...options, isArrayInsertion: isInsertion }));
  };
  for (const { path: at } of entries.filter(({ isOurs }) => isOurs).reverse())
    edited = await withoutElement(edited, at);
  const left = entries.filter((entry) => entry.path[0] === key && !entry.isOurs).length;
  if (wanted === undefined) {
    if (left === 0) change([key], undefined);
  } else if (key in config) change([key, left], wanted, true);
  else change([key], [wanted]);
  return edited;
}

/** As jsonc-parser counts tokens. */
const COMMA = 5;

/** jsonc-parser would take the comments before an element with it. */
async function withoutElement(text: string, at: Entry["path"]): Promise<string> {
  const { createScanner, findNodeAtLocation, parseTree } = await import("jsonc-parser");
  const node = findNodeAtLocation(parseTree(text) ?? { type: "null", offset: 0, length: 0 }, [...at]);
  if (!node) return text;
  const end = node.offset + node.length;
  const siblings = node.parent?.children ?? [];
  const before = siblings[siblings.indexOf(node) - 1];
  const commaFrom = (from: number): number | undefined => {
    const scanner = createScanner(text, true);
    scanner.setPosition(from);
    return text[from] !== undefined && scanner.scan() === COMMA ? scanner.getTokenOffset() : undefined;
  };
  const comma = commaFrom(end) ?? (before ? commaFrom(before.offset + before.length) : undefined);
  // The whole line where it has one, but never the end of a comment's.
  const isAlone = /^[ \t]*,?[ \t]*(?:\r?\n|$)/.test(text.slice(end));
  const start = isAlone ? text.slice(0, node.offset).trimEnd().length : node.offset;
  const without = (from: number, to: number, of: string): string => `${of.slice(0, from)}${of.slice(to)}`;
  if (comma === undefined) return without(start, end, text);
  if (comma >= end) return without(start, end, without(comma, comma + 1, text));
  return without(comma, comma + 1, without(Math.max(start, comma + 1), end, text));
}

interface Entry {
  readonly path: readonly [key: string, index: number];
  readonly value: unknown;
  readonly isOurs: boolean;
}

function entriesIn(config: unknown): readonly Entry[] {
  if (!isFields(config)) return [];
  return ["plugin", "plugins"].flatMap((key) => {
    const list = config[key];
    return Array.isArray(list)
      ? list.map((value: unknown, index): Entry => ({ path: [key, index], value, isOurs: isOurs(value) }))
      : [];
  });
}

/** Also one of an earlier place, or of looptrace's sources. */
function isOurs(value: unknown): boolean {
  return typeof value === "string" && [".js", ".ts"].some((end) => basename(value) === `${PLUGIN_NAME}${end}`);
}

function indentationOf(text: string): { readonly insertSpaces: boolean; readonly tabSize: number } {
  const [, indentation = "  "] = /\n([ \t]+)\S/.exec(text) ?? [];
  return {
    insertSpaces: !indentation.startsWith("\t"),
    tabSize: indentation.startsWith("\t") ? 1 : indentation.length,
  };
}

/** Its owner's other programs may read it as before. */
export async function writeConfig(path: string, text: string): Promise<void> {
  const mode = await lstat(path).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  );
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  await writeWhole(path, text);
  await chmod(path, mode);
}
