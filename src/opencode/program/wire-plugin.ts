import { chmod, lstat, mkdir, readFile, rm, rmdir, unlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { JSONPath, ParseError } from "jsonc-parser";
import { z } from "zod";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { messageOf } from "../../errors/thrown.js";
import { readOwnText } from "../../files/own-files.js";
import { ensurePrivateFolder, namesIn, writeWhole } from "../../files/private-files.js";
import { storePaths } from "../../files/store-paths.js";
import { isFields } from "../../text/json-fields.js";
import { pluginRecordingsFolder } from "../../wire/plugin-recordings.js";
import { PLUGIN_NAME, pluginFiles } from "../../wire/tap/tap-file.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** How the plugin stands on this machine. */
export interface WirePlugin {
  /** `gone`: opencode's configuration names it, but its files are not there. */
  readonly state: "installed" | "absent" | "gone";
  /** The file of opencode's configuration that names it, or would. */
  readonly config: string;
  /** Where its files are, and its recordings. */
  readonly folder: string;
  readonly recordings: string;
}

/** What an installation changed; empty where all was there already. */
export interface WirePluginChange extends WirePlugin {
  readonly changes: readonly string[];
}

const installed = z.object({ seeded: z.string().optional() });
/** The most special comes last; opencode reads all of them. */
const CONFIGS = ["config.json", "opencode.json", "opencode.jsonc"] as const;
const LONGEST_CONFIG_BYTES = 1024 * 1024;
/** Fields that only a configuration of opencode 2 has; 1.x would refuse them. */
const FIELDS_OF_2 = ["providers", "agents", "permissions", "plugins", "commands", "snapshots"];
/** What opencode takes for a folder in which it has nothing to install. */
const SEED = JSON.stringify({ packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } });
const SEED_FILE = "package-lock.json";

/** Whether the plugin is there. Nothing is changed, and what cannot be read is not there. */
export async function wirePlugin(environment: Environment): Promise<WirePlugin> {
  const { root } = storePaths(environment);
  const folder = join(root, "plugin");
  const config = await configPath(environment);
  const text = await readOwnText(config, LONGEST_CONFIG_BYTES).catch(() => "");
  const { parse } = await import("jsonc-parser");
  const isNamed = entriesIn(parse(text, [], { allowTrailingComma: true })).some(({ isOurs }) => isOurs);
  const isThere = (await namesOf(folder)).includes("installed.json");
  const state = isNamed ? (isThere ? "installed" : "gone") : "absent";
  return { state, config, folder, recordings: pluginRecordingsFolder(root) };
}

/**
 * Puts the plugin into the user's configuration of opencode, comments and all else in it kept. Done again it changes
 * nothing but the plugin's own files.
 *
 * @param content whether the texts are recorded, or sizes, hashes and times alone
 * @throws {ConfigurationError} when the configuration is a link, another user's, or cannot be understood
 * @throws the file system's error
 */
export async function installWirePlugin(environment: Environment, content: boolean): Promise<WirePluginChange> {
  const { root } = storePaths(environment);
  const before = await wirePlugin(environment);
  const { folder, config, recordings } = before;
  const files = pluginFiles();
  const plugin = join(folder, files[0]?.[0] ?? PLUGIN_NAME);
  const edited = await editedConfig(config, plugin);
  await ensurePrivateFolder(root, folder);
  await ensurePrivateFolder(root, recordings);
  for (const [name, text] of files) await writeWhole(join(folder, name), text);
  const seeded = (await seed(configFolder(environment))) ?? (await seededBefore(folder));
  // The program itself may be a link, or a version of npx's: its package.json goes with it.
  const looptrace = fileURLToPath(new URL("../../../package.json", import.meta.url));
  const about = { looptrace, folder: recordings, content, ...(seeded === undefined ? {} : { seeded }) };
  await writeWhole(join(folder, "installed.json"), `${JSON.stringify(about, null, 2)}\n`);
  // Last of all: opencode finds whatever it names.
  if (edited !== undefined) await writeConfig(config, edited);
  const changes = [
    ...(edited === undefined ? [] : [`${config} names the plugin now.`]),
    ...(before.state === "installed" ? [] : [`The plugin's files are in ${folder}.`]),
    ...(seeded === undefined || before.state === "installed"
      ? []
      : [
          `${join(seeded, SEED_FILE)} keeps opencode from installing packages there, which it would wait for. Remove it when you write plugins or tools of your own that import @opencode-ai/plugin.`,
        ]),
  ];
  return { ...(await wirePlugin(environment)), changes };
}

/**
 * Takes it out again, with its files; what it recorded stays, and goes away with age.
 *
 * @throws {ConfigurationError} when the configuration is a link, another user's, or cannot be understood
 * @throws the file system's error
 */
export async function uninstallWirePlugin(environment: Environment): Promise<WirePluginChange> {
  const { folder, config } = await wirePlugin(environment);
  const edited = await editedConfig(config, undefined);
  if (edited !== undefined) await writeConfig(config, edited);
  const seeded = await seededBefore(folder);
  const isThere = await lstat(folder).then(
    () => true,
    () => false,
  );
  if (isThere) await rm(folder, { recursive: true, force: true });
  if (seeded !== undefined) await unseed(seeded);
  const changes = [
    ...(edited === undefined ? [] : [`${config} does not name the plugin any more.`]),
    ...(isThere ? [`${folder} is removed.`] : []),
  ];
  return { ...(await wirePlugin(environment)), changes };
}

function configFolder(environment: Environment): string {
  const home = environment.HOME || homedir();
  return join(environment.XDG_CONFIG_HOME || join(home, ".config"), "opencode");
}

/** What cannot be looked into has nothing in it. */
async function namesOf(folder: string): Promise<readonly string[]> {
  return await namesIn(folder).catch(() => []);
}

/** The last of the files that are there; `opencode.json` where there is none. */
async function configPath(environment: Environment): Promise<string> {
  const folder = configFolder(environment);
  const names = await namesOf(folder);
  return join(folder, CONFIGS.findLast((name) => names.includes(name)) ?? "opencode.json");
}

/** @returns the configuration with the plugin, or without it; undefined where that is how it is */
async function editedConfig(path: string, plugin: string | undefined): Promise<string | undefined> {
  const byHand =
    plugin === undefined
      ? `Take ${PLUGIN_NAME} out of it yourself`
      : `Put ${JSON.stringify(pathToFileURL(plugin).href)} into the list "plugin" in it yourself`;
  const refuse = (why: string): ConfigurationError =>
    new ConfigurationError(path, `${path} is not changed: ${why}. ${byHand}, or mend that.`);
  const found = await lstat(path).catch(() => undefined);
  const text = found
    ? await readOwnText(path, LONGEST_CONFIG_BYTES).catch((error: unknown) => {
        throw refuse(messageOf(error));
      })
    : "";
  if (text.trim() === "" && plugin === undefined) return undefined;
  const base = text.trim() === "" ? '{\n  "$schema": "https://opencode.ai/config.json"\n}\n' : text;
  const { applyEdits, modify, parse } = await import("jsonc-parser");
  const errors: ParseError[] = [];
  const config: unknown = parse(base, errors, { allowTrailingComma: true });
  if (errors.length > 0 || !isFields(config)) throw refuse("it is no JSON object");
  const key = FIELDS_OF_2.some((field) => field in config) ? "plugins" : "plugin";
  const { [key]: list = [] } = config;
  if (!Array.isArray(list)) throw refuse(`"${key}" in it is no list`);
  const wanted = plugin === undefined ? undefined : key === "plugins" ? plugin : pathToFileURL(plugin).href;
  const entries = entriesIn(config);
  const ours = entries.filter(({ isOurs }) => isOurs);
  if (wanted === undefined ? ours.length === 0 : ours.length === 1 && ours[0]?.value === wanted) return undefined;
  const options = { formattingOptions: indentationOf(base) };
  let edited = base;
  const change = (at: JSONPath, value: unknown, isInsertion = false): void => {
    edited = applyEdits(edited, modify(edited, at, value, { ...options, isArrayInsertion: isInsertion }));
  };
  for (const { path: at } of [...ours].reverse()) edited = await withoutElement(edited, at);
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
async function writeConfig(path: string, text: string): Promise<void> {
  const mode = await lstat(path).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  );
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  await writeWhole(path, text);
  await chmod(path, mode);
}

/**
 * With a plugin opencode waits, in each start, for an installation in its folder of configuration: for more than a
 * minute without a network. Where that has never been made, and nothing there could need it, it is kept from it.
 *
 * @returns the folder, where that was done
 */
async function seed(folder: string): Promise<string | undefined> {
  const names = await namesOf(folder);
  const needs = ["node_modules", "package.json", SEED_FILE, "bun.lock", "tool", "tools", "plugin", "plugins"];
  if (names.some((name) => needs.includes(name))) return undefined;
  await mkdir(join(folder, "node_modules"), { recursive: true });
  await writeFile(join(folder, SEED_FILE), SEED, { flag: "wx" });
  return folder;
}

async function unseed(folder: string): Promise<void> {
  const path = join(folder, SEED_FILE);
  // What has been installed since is not looptrace's to remove.
  if ((await readFile(path, "utf8").catch(() => "")) !== SEED) return;
  await unlink(path);
  await rmdir(join(folder, "node_modules")).catch(() => undefined);
}

async function seededBefore(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, "installed.json"), "utf8").catch(() => "{}");
  try {
    return installed.parse(JSON.parse(text)).seeded;
  } catch {
    return undefined;
  }
}
