import { statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { attempt } from "../../errors/thrown.js";
import { LOOPTRACE_VERSION } from "../../version.js";
import { tapFile } from "../../wire/tap/tap-file.js";
import type { ServerSpec } from "../server/server-spec.js";
import { digest, type HashedFiles, hashedFiles, type TooMuch } from "./hashed-files.js";
import { programFacts } from "./program-facts.js";
import { surroundings } from "./surroundings.js";
import { WARM_VARIABLE } from "./warmth.js";

/** What a server has to be like to be of use for a prompt. */
export interface Fingerprint {
  /** The same for servers that cannot be told from each other. */
  readonly key: string;
  /** Its parts by what they are called, each too short to tell what it is of. */
  readonly parts: Readonly<Record<string, string>>;
}

/** What a shell sets anew for each command, and what no opencode gets. */
const NOT_COUNTED = new Set(["PWD", "OLDPWD", "SHLVL", "_", WARM_VARIABLE]);
const NOT_HANDED_ON = /^OTEL_EXPORTER_OTLP_/;
const PART_LENGTH = 6;
const MOST_NAMED_FILES = 64;

/**
 * Takes the fingerprint of all that a server's answers could depend on and that a server reads once: the program, its
 * configuration, the environment that it gets, and what it inherits from this process.
 *
 * @param onTooMuch told what `tooMuchConfiguration` says
 * @returns undefined where there is more configuration than is looked through
 */
export function fingerprintOf(
  spec: ServerSpec,
  onTooMuch: (why: string) => void = () => undefined,
): Fingerprint | undefined {
  const { path, agent, systemPrompt, mcp, projectConfig, wire = "off", propagates = false, environment } = spec;
  const files = configurationOf(spec);
  const home = homeOf(environment);
  if (files.tooMuch !== undefined) {
    onTooMuch(tooMuchText(files.tooMuch, home));
    return undefined;
  }
  const parts: Record<string, string> = {
    opencode: programFacts(path, environment),
    looptrace: LOOPTRACE_VERSION,
    "the system prompt": JSON.stringify(systemPrompt === undefined ? null : [agent ?? null, systemPrompt]),
    "the tool servers": JSON.stringify(mcp ?? []),
    "the project's configuration, read or not": String(projectConfig),
    "what is recorded": JSON.stringify([wire, propagates, wire === "off" ? null : tapFile(propagates).text]),
    ...Object.fromEntries(Object.entries(surroundings()).map(([name, text]) => [`the ${name}`, text])),
    ...Object.fromEntries([...files.hashes].map(([file, hash]) => [shown(file, home), hash])),
  };
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || NOT_COUNTED.has(name) || NOT_HANDED_ON.test(name)) continue;
    parts[`the variable ${name}`] = value;
  }
  const sorted = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
  const short = sorted.map(([name, text]) => [name, digest(text).slice(0, PART_LENGTH)] as const);
  return { key: digest(JSON.stringify(sorted)), parts: Object.fromEntries(short) };
}

/** As much of what has changed as is told. */
const MOST_TOLD = 3;

/**
 * What differs between two fingerprints, in words: names, never values.
 *
 * @returns undefined where nothing does
 */
export function changesBetween(before: Fingerprint["parts"], after: Fingerprint["parts"]): string | undefined {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.flatMap((name) => {
    if (before[name] === after[name]) return [];
    return [`${name} ${before[name] === undefined ? "is new" : after[name] === undefined ? "is gone" : "changed"}`];
  });
  if (changed.length === 0) return undefined;
  const more = changed.length - MOST_TOLD;
  return changed.slice(0, MOST_TOLD).join(", ") + (more > 0 ? `, and ${more} more` : "");
}

/** In how many parts two fingerprints differ. */
export function numberOfChanges(before: Fingerprint["parts"], after: Fingerprint["parts"]): number {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).length;
}

/**
 * Why there is no fingerprint, where that is for how much configuration there is.
 *
 * @returns in words, with the folder that holds most of it; undefined where there is a fingerprint
 */
export function tooMuchConfiguration(
  spec: Pick<ServerSpec, "environment" | "directory" | "projectConfig">,
): string | undefined {
  const { tooMuch } = configurationOf(spec);
  return tooMuch && tooMuchText(tooMuch, homeOf(spec.environment));
}

function tooMuchText({ what, folder }: TooMuch, home: string): string {
  return `opencode's configuration has ${what} ${shown(folder, home)}`;
}

function homeOf({ HOME }: ServerSpec["environment"]): string {
  return HOME || homedir();
}

/** All files that a server reads when it starts. */
function configurationOf({
  environment,
  directory,
  projectConfig,
}: Pick<ServerSpec, "environment" | "directory" | "projectConfig">): HashedFiles {
  const files = hashedFiles();
  const home = homeOf(environment);
  const config = join(environment.XDG_CONFIG_HOME || join(home, ".config"), "opencode");
  const data = join(environment.XDG_DATA_HOME || join(home, ".local", "share"), "opencode");
  const named = [environment.OPENCODE_CONFIG, environment.OPENCODE_CONFIG_DIR, environment.OPENCODE_MODELS_PATH];
  const roots = [
    config,
    join(home, ".opencode"),
    join(home, ".claude", "CLAUDE.md"),
    join(home, ".claude", "skills"),
    join(home, ".agents", "skills"),
    join(data, "auth.json"),
    join(data, "mcp-auth.json"),
    "/etc/opencode",
    "/Library/Application Support/opencode",
    ...named.flatMap((path) => (path ? [resolve(directory, path)] : [])),
    ...(projectConfig ? projectRoots(directory) : []),
  ];
  for (const root of roots) files.add(root);
  const told = [...files.hashes.keys()].filter((path) => /\.jsonc?$/.test(path) && !path.startsWith(data));
  const content = environment.OPENCODE_CONFIG_CONTENT;
  const texts = told.map((path) => [dirname(path), files.textOf(path) ?? ""] as const);
  for (const [folder, text] of content ? [...texts, [directory, content] as const] : texts)
    for (const path of pathsIn(text, folder, home)) files.add(path);
  return files;
}

/** A project's own configuration: of the directory and of those above, as opencode looks for it. */
function projectRoots(directory: string): readonly string[] {
  const names = ["opencode.json", "opencode.jsonc", ".opencode", ".claude/skills", ".agents/skills"];
  const roots: string[] = [];
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    roots.push(...names.map((name) => join(folder, name)));
    const isTop = attempt(() => statSync(join(folder, ".git"))) !== undefined;
    if (isTop || folder === dirname(folder)) return roots;
  }
}

/** The files that a configuration names: a plugin, a prompt, a command. */
function pathsIn(text: string, folder: string, home: string): readonly string[] {
  const strings = [...text.matchAll(/"((?:[^"\\]|\\.){2,4096})"/g)].flatMap(([, inner = ""]) => [
    inner,
    ...[...inner.matchAll(/\{file:([^}]+)\}/g)].map(([, path = ""]) => path),
  ]);
  const paths = strings.flatMap((one) => {
    if (one.startsWith("file://")) return attempt(() => fileURLToPath(one)) ?? [];
    if (one.startsWith("~/")) return join(home, one.slice(2));
    return isAbsolute(one) || /^\.{1,2}\//.test(one) ? resolve(folder, one) : [];
  });
  // A folder that is named (the working directory of a command, say) is not read.
  const isFile = (path: string): boolean => attempt(() => statSync(path).isFile()) === true;
  return [...new Set(paths)].filter(isFile).slice(0, MOST_NAMED_FILES);
}

/** A file as a person calls it. */
function shown(path: string, home: string): string {
  if (/^(?:mcp-)?auth\.json$/.test(basename(path))) return basename(path);
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
