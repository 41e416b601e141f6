import { lstat, mkdir, readFile, rm, rmdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { attempt } from "../../errors/thrown.js";
import { ensurePrivateFolder, namesIn, writeWhole } from "../../files/private-files.js";
import { storePaths } from "../../files/store-paths.js";
import { countPluginRecordings, pluginRecordingsFolder } from "../../wire/plugin-recordings.js";
import { PLUGIN_NAME, pluginFiles } from "../../wire/tap/tap-file.js";
import { configFolder, configPath, editOf, namesPlugin, writeConfig } from "./plugin-entry.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** How the plugin stands on this machine. */
export interface WirePlugin {
  /** `gone`: opencode's configuration names it, but its files are not there; `unnamed`: the other way round. */
  readonly state: "installed" | "absent" | "gone" | "unnamed";
  /** The file of opencode's configuration that names it, or would. */
  readonly config: string;
  /** Where its files are, and its recordings. */
  readonly folder: string;
  readonly recordings: string;
  /** Whether it records texts too, or sizes, hashes and times alone; null where its files are not there. */
  readonly content: boolean | null;
}

/** What an installation, or the contrary, did. */
export interface WirePluginChange extends WirePlugin {
  /** In words; empty where all was there already. */
  readonly changes: readonly string[];
  /** What is left to do in a configuration that looptrace does not change, in words; null where nothing is. */
  readonly byHand: string | null;
  /** How many recordings are there that looptrace has not cleared away yet; none of them is masked. */
  readonly recorded: number;
}

/** What looptrace notes beside the plugin's files. */
const installedSchema = z.object({
  content: z.boolean().optional(),
  /** The folder in which opencode is kept from installing. */
  seeded: z.string().optional(),
  /** The configuration, where looptrace made it. */
  created: z.string().optional(),
});
type Installed = z.infer<typeof installedSchema>;

/** What opencode takes for a folder in which it has nothing to install. */
const SEED = JSON.stringify({ packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } });
const SEED_FILE = "package-lock.json";

/** Whether the plugin is there. Nothing is changed, and what cannot be read is not there. */
export async function wirePlugin(environment: Environment): Promise<WirePlugin> {
  const { root } = storePaths(environment);
  const folder = join(root, "plugin");
  const config = await configPath(environment);
  const about = await installedIn(folder);
  const state = (await namesPlugin(config)) ? (about ? "installed" : "gone") : about ? "unnamed" : "absent";
  const content = about ? (about.content ?? true) : null;
  return { state, config, folder, recordings: pluginRecordingsFolder(root), content };
}

/**
 * Puts the plugin into the user's configuration of opencode, comments and all else in it kept. Done again it changes
 * nothing but the plugin's own files. A configuration that is a link or cannot be understood is not touched: the
 * plugin's files are there then, and `byHand` says how to name them.
 *
 * @param wanted whether the texts are recorded, or sizes, hashes and times alone; undefined: as before, at first all
 * @throws {ConfigurationError} for a folder of looptrace's that it does not trust
 * @throws the file system's error
 */
export async function installWirePlugin(
  environment: Environment,
  wanted: boolean | undefined,
): Promise<WirePluginChange> {
  const { root } = storePaths(environment);
  const { folder, config, recordings, content: before } = await wirePlugin(environment);
  const content = wanted ?? before ?? true;
  const files = pluginFiles();
  const edit = await editOf(config, pluginIn(folder), true);
  await ensurePrivateFolder(root, folder);
  await ensurePrivateFolder(root, recordings);
  for (const [name, text] of files) await writeWhole(join(folder, name), text);
  const about = await installedIn(folder);
  const newlySeeded = await seed(configFolder(environment));
  const noted: Installed = {
    seeded: newlySeeded ?? about?.seeded,
    created: edit.kind === "write" && edit.isNew ? config : about?.created,
  };
  // The program itself may be a link, or a version of npx's: its package.json goes with it.
  const looptrace = fileURLToPath(new URL("../../../package.json", import.meta.url));
  const text = JSON.stringify({ looptrace, folder: recordings, content, ...noted }, null, 2);
  await writeWhole(join(folder, "installed.json"), `${text}\n`);
  // Last of all: opencode finds whatever it names.
  if (edit.kind === "write") await writeConfig(config, edit.text);
  const changes = [
    ...(edit.kind === "write" ? [`${config} names the plugin now.`] : []),
    ...(before === null ? [`The plugin's files are in ${folder}.`] : []),
    ...(before === null || before === content ? [] : [contentChange(content)]),
    ...(newlySeeded === undefined ? [] : [seedNote(newlySeeded)]),
  ];
  return await changed(environment, changes, edit.kind === "refused" ? edit.byHand : null);
}

function contentChange(content: boolean): string {
  return content
    ? "What is said, read and called is recorded now; before it were sizes, hashes and times only."
    : "Sizes, hashes and times only are recorded now; before it was also what is said, read and called.";
}

function seedNote(folder: string): string {
  return `${join(folder, SEED_FILE)} and an empty node_modules beside it are made: without them opencode would install packages there, and wait for that in each start. Remove both when you write plugins or tools of your own that import @opencode-ai/plugin.`;
}

/**
 * Takes it out again, with its files; what it recorded stays, and goes away with age. From a configuration that is a
 * link or cannot be understood it is not taken: `byHand` says what to remove there.
 *
 * @throws the file system's error
 */
export async function uninstallWirePlugin(environment: Environment): Promise<WirePluginChange> {
  const { folder, config } = await wirePlugin(environment);
  const edit = await editOf(config, pluginIn(folder), false);
  const about = await installedIn(folder);
  const isLeftover = edit.kind === "write" && edit.isBare && about?.created === config;
  if (isLeftover) await unlink(config);
  else if (edit.kind === "write") await writeConfig(config, edit.text);
  const isThere = await lstat(folder).then(
    () => true,
    () => false,
  );
  if (isThere) await rm(folder, { recursive: true, force: true });
  const unseeded = about?.seeded !== undefined && (await unseed(about.seeded)) ? about.seeded : undefined;
  const changes = [
    ...(isLeftover ? [`${config}, which looptrace had made for it, is removed.`] : []),
    ...(edit.kind === "write" && !isLeftover ? [`${config} does not name the plugin any more.`] : []),
    ...(isThere ? [`${folder} is removed.`] : []),
    ...(unseeded === undefined
      ? []
      : [`${join(unseeded, SEED_FILE)} is removed, with the empty node_modules beside it.`]),
  ];
  return await changed(environment, changes, edit.kind === "refused" ? edit.byHand : null);
}

async function changed(
  environment: Environment,
  changes: readonly string[],
  byHand: string | null,
): Promise<WirePluginChange> {
  const recorded = await countPluginRecordings(storePaths(environment).root);
  return { ...(await wirePlugin(environment)), changes, byHand, recorded };
}

/** The file that opencode loads. */
function pluginIn(folder: string): string {
  return join(folder, pluginFiles()[0]?.[0] ?? PLUGIN_NAME);
}

/**
 * With a plugin opencode waits, in each start, for an installation in its folder of configuration: for more than a
 * minute without a network. Where that has never been made, and nothing there could need it, it is kept from it.
 *
 * @returns the folder, where that was done
 */
async function seed(folder: string): Promise<string | undefined> {
  const names = await namesIn(folder).catch(() => []);
  const needs = ["node_modules", "package.json", SEED_FILE, "bun.lock", "tool", "tools", "plugin", "plugins"];
  if (names.some((name) => needs.includes(name))) return undefined;
  await mkdir(join(folder, "node_modules"), { recursive: true });
  await writeFile(join(folder, SEED_FILE), SEED, { flag: "wx" });
  return folder;
}

/** @returns whether it was still as it had been made */
async function unseed(folder: string): Promise<boolean> {
  const path = join(folder, SEED_FILE);
  // What has been installed since is not looptrace's to remove.
  if ((await readFile(path, "utf8").catch(() => "")) !== SEED) return false;
  await unlink(path);
  await rmdir(join(folder, "node_modules")).catch(() => undefined);
  return true;
}

/** Undefined where the plugin's files are not there. What is noted of them may be another version's. */
async function installedIn(folder: string): Promise<Installed | undefined> {
  const text = await readFile(join(folder, "installed.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  return installedSchema.safeParse(attempt((): unknown => JSON.parse(text))).data ?? {};
}
