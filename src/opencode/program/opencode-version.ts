import { stat } from "node:fs/promises";
import { OpenCodeNotFoundError } from "../../errors/opencode-not-found-error.js";
import { readOwnText } from "../../files/own-files.js";
import { quickMask } from "../../masking/mask.js";
import { plainText } from "../../text/plain-text.js";
import { versionFileOf } from "../warm/program-facts.js";
import { childEnvironment } from "./child-environment.js";
import { type Generation, type PrintedVersion, packagedGeneration, printedVersion } from "./generation.js";
import { fileOfProgram, knownGeneration, noteGeneration } from "./known-generations.js";
import { createRunFolder, type RunFolder } from "./run-folder.js";
import { spawnOpenCode } from "./spawn-opencode.js";

/** An opencode that was found, and what it says it is. */
export interface OpenCodeProgram {
  /** Absolute path. */
  readonly path: string;
  /** Such as `1.18.33`; null when it did not say. */
  readonly version: string | null;
}

/** What was read before, by the file: one start of opencode costs most of a second. */
const known = new Map<string, PrintedVersion>();

const DEADLINE_MS = 60_000;
const OLDEST_MINOR = 15;
const NEWEST_MINOR = 18;
/** Of opencode 2: 2.0. */
const NEWEST_MINOR_OF_2 = 0;

/** What an opencode says of its version. */
export interface VersionAnswer {
  readonly version: string | null;
  readonly generation: Generation;
  /** What it printed instead of a version, and how it ended; null where there is a version. */
  readonly problem: string | null;
  readonly warning: string | null;
}

/**
 * Asks an opencode for its version. It is kept off the network: nothing is fetched, nothing is updated.
 *
 * @param directory where it is to work: asked there, a version manager's shim tells of the one that it starts there
 * @returns the version, or null when what it printed is none, with a warning for a person where one is due:
 * the behaviour of 1.15 to 1.18 and of 2.0 is known, with another version looptrace goes on and says so
 * @throws {OpenCodeNotFoundError} when the program cannot be started at all
 */
export async function readVersion(
  path: string,
  folder: RunFolder,
  environment: Readonly<Record<string, string | undefined>>,
  directory?: string,
): Promise<VersionAnswer> {
  const place = placeOf(path, environment, directory);
  const key = await fileKey(path, place);
  const before = known.get(key);
  if (before !== undefined) return { ...before, problem: null, warning: versionWarning(before.version) };
  const files = await folder.streams("version");
  const exit = await spawnOpenCode({
    path,
    arguments: ["--version"],
    directory: place ?? folder.path,
    environment: childEnvironment(environment, {
      runId: folder.runId,
      temporary: folder.temporary,
      quiet: true,
    }),
    files,
    deadlineMs: DEADLINE_MS,
    graceMs: 1_000,
  }).catch((cause: unknown) => {
    throw new OpenCodeNotFoundError(
      "opencode was found but cannot be started:",
      [`${path}: ${cause instanceof Error ? cause.message : String(cause)}`],
      { cause },
    );
  });
  const output = plainText(await readOwnText(files.stdout)).trim();
  const printed = printedVersion(output);
  if (printed !== undefined) {
    known.set(key, printed);
    return { ...printed, problem: null, warning: versionWarning(printed.version) };
  }
  // Masked before it is cut: half a secret would not be found any more.
  const said = quickMask({ environment })(output || plainText(await readOwnText(files.stderr)).trim());
  const how = exit.kind === "exited" ? `exit ${exit.code}` : `ended by ${exit.signal}`;
  // Another program may print its licence here.
  const [first = ""] = said.split("\n", 1);
  const problem = `${path} --version printed no version (${how}${first === "" ? "" : `: ${first.slice(0, 200)}`})`;
  return {
    version: null,
    generation: 1,
    problem,
    warning: `${problem}, so that it may not be opencode; going on as if it were 1.${NEWEST_MINOR}.`,
  };
}

/**
 * What a path leads to at this moment. An update puts another file there, which may be as long and, as npm unpacks
 * packages, as old as the one before.
 *
 * @param place where that matters, see `placeOf`
 */
async function fileKey(path: string, place: string | undefined): Promise<string> {
  const file = await stat(path).catch(() => null);
  return [path, file?.dev, file?.ino, file?.size, file?.mtimeMs, file?.ctimeMs, place].join("\n");
}

/** The directory where that may matter for what is started; undefined elsewhere: each would have to be asked in. */
function placeOf(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
  directory: string | undefined,
): string | undefined {
  return directory !== undefined && versionFileOf(path, directory, environment) !== undefined ? directory : undefined;
}

/**
 * The generation of an opencode, without a start of it where its package tells, or an earlier run has asked.
 *
 * @param path absolute
 * @param directory where it is to work, see `readVersion`
 * @throws {OpenCodeNotFoundError} when the program has to be asked and cannot be started
 */
export async function generationOfProgram(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
  directory?: string,
): Promise<Generation> {
  const packaged = packagedGeneration(path);
  if (packaged !== undefined) return packaged;
  const key = await fileKey(path, placeOf(path, environment, directory));
  const before = known.get(key);
  if (before !== undefined) return before.generation;
  const noted = knownGeneration(path, environment);
  if (noted !== undefined) return noted;
  const asked = asking.get(key) ?? askGeneration(path, environment, directory).finally(() => asking.delete(key));
  asking.set(key, asked);
  return await asked;
}

/** Those that are being asked, by the file: a run asks for the server that it starts early, and again for itself. */
const asking = new Map<string, Promise<Generation>>();

async function askGeneration(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
  directory: string | undefined,
): Promise<Generation> {
  const file = fileOfProgram(path);
  const folder = await createRunFolder();
  try {
    const { version, generation } = await readVersion(path, folder, environment, directory);
    // What has printed none may have failed only this time.
    if (version !== null) await noteGeneration(path, environment, generation, file);
    return generation;
  } finally {
    await folder.remove();
  }
}

/** What to tell a person about a version that looptrace was not tried with; null for a known one. */
export function versionWarning(version: string): string | null {
  if (versionSupport(version) === "known") return null;
  return `opencode ${version} is not one of the versions that looptrace knows (${KNOWN_VERSIONS}); going on, but look at the trace with care.`;
}

/** The versions whose behaviour is known, for people. */
export const KNOWN_VERSIONS = `1.${OLDEST_MINOR} to 1.${NEWEST_MINOR} and 2.${NEWEST_MINOR_OF_2}`;

/**
 * Where a version stands to the known ones. 0.0.0 is a local build: as new as any.
 *
 * @param version as `readVersion` gives it
 */
export function versionSupport(version: string): "older" | "known" | "newer" {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  if (major === undefined || minor === undefined || major > 2) return "newer";
  if (major === 2) return minor > NEWEST_MINOR_OF_2 ? "newer" : "known";
  if (major === 1 && minor > NEWEST_MINOR) return "newer";
  if (major === 1 && minor >= OLDEST_MINOR) return "known";
  return major === 0 && minor === 0 && patch === 0 ? "newer" : "older";
}

/**
 * The option that approves all permissions which are not explicitly denied. 1.15 knows only the old name; 1.17 and
 * 1.18 know both and hide the old one.
 */
export function autoApproveOption(version: string | null): string {
  const minor = version === null ? null : minorOf(version);
  return minor !== null && minor < 17 ? "--dangerously-skip-permissions" : "--auto";
}

/** The minor version of a 1.x, else null. */
function minorOf(version: string): number | null {
  const minor = /^1\.(\d+)\./.exec(version)?.[1];
  return minor === undefined ? null : Number(minor);
}
