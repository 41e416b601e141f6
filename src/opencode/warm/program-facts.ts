import { closeSync, existsSync, openSync, readdirSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { storePaths } from "../../files/store-paths.js";
import { textAt } from "./hashed-files.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Files by which a version manager is told what to start, by their places in a folder. */
const VERSION_FILES = [".tool-versions", ".prototools", ".node-version", ".nvmrc"];
/** Those of mise, without `.toml`, or `.local.toml`, or either for one of `MISE_ENV`. */
const MISE_FILES = ["mise", ".mise", "mise/config", ".mise/config", ".config/mise", ".config/mise/config"];
/** And what volta looks into in a project. */
const PACKAGE = "package.json";
/** A shim also gives opencode the variables that such a file sets. */
const SETS_VARIABLES = /^\s*\[*\s*env\b/m;

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
 * The file of a directory that may have a version manager start another opencode there than elsewhere, or with other
 * variables: a server that outlives its run does not start in the run's directory.
 *
 * @returns undefined where there is none, and where opencode is no version manager's shim
 */
export function versionFileOf(path: string, directory: string, environment: Environment): string | undefined {
  const data = shimData(path, attempt(() => realpathSync.native(path)) ?? path);
  if (data === undefined) return undefined;
  const everywhere = new Set(globalFiles(data, environment));
  const isOfNode = INSTALLED.slice(1, 3).some((names) => found(data, names).length > 0);
  const files = foldersAbove(directory).flatMap((folder) => [
    ...versionFilesIn(folder, environment),
    // Where a project has a package of its own, volta starts that one.
    ...(basename(dirname(path)) === "shims" ? [] : [join(folder, PACKAGE)]),
  ]);
  return files.find((file) => {
    if (everywhere.has(file)) return false;
    const text = textIn(file);
    if (text === undefined) return false;
    if (basename(file) === PACKAGE) return /"opencode-ai"\s*:/.test(text);
    return (
      /opencode/.test(text) ||
      SETS_VARIABLES.test(text) ||
      (isOfNode && (/\bnode(?:js)?\b/.test(text) || /^\.n/.test(basename(file))))
    );
  });
}

function versionFilesIn(folder: string, { MISE_ENV = "" }: Environment): readonly string[] {
  const kinds = ["", ...MISE_ENV.split(",").flatMap((name) => (name.trim() === "" ? [] : [`.${name.trim()}`]))];
  const endings = kinds.flatMap((kind) => [`${kind}.toml`, `${kind}.local.toml`]);
  return [
    ...VERSION_FILES.map((name) => join(folder, name)),
    ...MISE_FILES.flatMap((name) => endings.map((ending) => join(folder, name + ending))),
    ...found(join(folder, ".config/mise/conf.d"), [/\.toml$/]),
  ];
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
    ...folders.flatMap((folder) => versionFilesIn(folder, environment)),
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
  const all = (existsSync(folder) && attempt(() => readdirSync(folder).sort())) || [];
  return all.filter((one) => name.test(one)).flatMap((one) => found(join(folder, one), names));
}

function textFacts(file: string): readonly string[] {
  const text = textIn(file);
  return text === undefined ? [] : [file, text];
}

/** Most are not there, and an error for each of them takes longer than all the rest. */
function textIn(file: string): string | undefined {
  return existsSync(file) ? attempt(() => textAt(file)) : undefined;
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
