import { closeSync, openSync, readdirSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { storePaths } from "../../files/store-paths.js";
import { textAt } from "./hashed-files.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Files by which a version manager is told what to start, by their places in a folder. */
const VERSION_FILES = [
  ".tool-versions",
  ...["mise.toml", ".mise.toml", "mise/config.toml", ".config/mise.toml", ".config/mise/config.toml"],
  ...[".prototools", ".node-version", ".nvmrc"],
];

/** Where asdf, mise, nodenv, volta and proto put an opencode, and a Node.js with one, below their folder of data. */
const INSTALLED: readonly (readonly RegExp[])[] = [
  [/^(?:installs|tools)$/, /opencode/, /./],
  [/^(?:installs|tools)$/, /^node(?:js)?$/, /./, /^lib$/, /^node_modules$/, /opencode/],
  [/^versions$/, /./, /^lib$/, /^node_modules$/, /opencode/],
  [/^tools$/, /^image$/, /^packages$/, /opencode/, /./],
];
/** In volta's folder and nodenv's, and proto's, what is the user's choice. */
const CHOICES = ["version", ".prototools", "tools/user/platform.json", "tools/user/bins/opencode.json"];

const MOST_SCRIPT_BYTES = 16 * 1024;
const MOST_NAMED = 16;

/**
 * What a path leads to at this moment: an update puts another file there, which may be as long and as old.
 *
 * A path often leads to something that only starts opencode. Of a shell script the programs count that it names by
 * whole paths (or below `$basedir`, as pnpm does), and of a version manager's shim what is installed and chosen.
 */
export function programFacts(path: string, environment: Environment): string {
  const real = attempt(() => realpathSync.native(path)) ?? path;
  const data = shimData(path, real);
  const chosen = data === undefined ? [] : globalFiles(data, environment).flatMap((file) => textFacts(file));
  const installed = data === undefined ? [] : INSTALLED.flatMap((names) => found(data, names)).map(facts);
  return JSON.stringify([facts(real), namedPrograms(real).map(facts), installed, chosen]);
}

/**
 * The file of a directory that may have a version manager start another opencode there than elsewhere: a server that
 * outlives its run does not start in the run's directory.
 *
 * @returns undefined where there is none, and where opencode is no version manager's shim
 */
export function versionFileOf(path: string, directory: string, environment: Environment): string | undefined {
  const data = shimData(path, attempt(() => realpathSync.native(path)) ?? path);
  if (data === undefined) return undefined;
  const everywhere = new Set(globalFiles(data, environment));
  const isOfNode = INSTALLED.slice(1, 3).some((names) => found(data, names).length > 0);
  const files = foldersAbove(directory).flatMap((folder) => VERSION_FILES.map((name) => join(folder, name)));
  return files.find((file) => {
    if (everywhere.has(file)) return false;
    const text = attempt(() => textAt(file));
    if (text === undefined) return false;
    return /opencode/.test(text) || (isOfNode && (/\bnode(?:js)?\b/.test(text) || /^\.n/.test(basename(file))));
  });
}

/** The folder of data of the version manager that a path belongs to; undefined where it is opencode itself. */
function shimData(path: string, real: string): string | undefined {
  const folder = dirname(path);
  const isShim = basename(folder) === "shims" || basename(real) === "volta-shim";
  return isShim ? dirname(folder) : undefined;
}

/** What tells a version manager what to start in no directory of a person's: where servers start. */
function globalFiles(data: string, environment: Environment): readonly string[] {
  const home = environment.HOME || homedir();
  const config = environment.XDG_CONFIG_HOME || join(home, ".config");
  const folders = [...foldersAbove(storePaths(environment).root), home];
  return [
    ...folders.flatMap((folder) => VERSION_FILES.map((name) => join(folder, name))),
    ...CHOICES.map((name) => join(data, name)),
    ...[join(config, "mise/config.toml"), "/etc/mise/config.toml"],
    ...[environment.MISE_GLOBAL_CONFIG_FILE].flatMap((file) => (file ? [file] : [])),
  ];
}

function foldersAbove(directory: string): readonly string[] {
  const folders = [resolve(directory)];
  for (let folder = dirname(resolve(directory)); folder !== folders.at(-1); folder = dirname(folder))
    folders.push(folder);
  return folders;
}

/** What is below a folder, by what its names look like one below the other. */
function found(folder: string, [name, ...names]: readonly RegExp[]): readonly string[] {
  if (name === undefined) return [folder];
  const all = attempt(() => readdirSync(folder).sort()) ?? [];
  return all.filter((one) => name.test(one)).flatMap((one) => found(join(folder, one), names));
}

function textFacts(file: string): readonly string[] {
  const text = attempt(() => textAt(file));
  return text === undefined ? [] : [file, text];
}

/** The programs that a shell script names. */
function namedPrograms(path: string): readonly string[] {
  const text = attempt(() => headOf(path)) ?? "";
  if (!/^#!.*\b(?:ba|da|z|k)?sh\b/.test(text)) return [];
  const named = [...text.matchAll(/(?<=^|[\s"'=:])(?:\$basedir)?\/[\w./@+-]+/gm)].map(([word]) =>
    resolve(dirname(path), word.replace("$basedir/", "")),
  );
  return [...new Set(named)].filter((one) => isProgram(attempt(() => statSync(one)))).slice(0, MOST_NAMED);
}

function isProgram(file: Stats | undefined): boolean {
  return file?.isFile() === true && (file.mode & 0o111) !== 0;
}

/** The beginning of a regular file. */
function headOf(path: string): string {
  if (!statSync(path).isFile()) return "";
  const file = openSync(path, "r");
  try {
    const into = Buffer.alloc(MOST_SCRIPT_BYTES);
    return into.toString("latin1", 0, readSync(file, into, 0, into.length, 0));
  } finally {
    closeSync(file);
  }
}

function facts(path: string): readonly unknown[] {
  const file = attempt(() => statSync(path));
  return [path, file?.dev, file?.ino, file?.size, file?.mtimeMs, file?.ctimeMs];
}
