import { realpathSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { NO_OPENCODE, OpenCodeNotFoundError } from "../../errors/opencode-not-found-error.js";
import { isChosenFolder } from "../../trust/chosen-folder.js";
import { isCommitted } from "../../trust/committed.js";
import { doubtAbout } from "../../trust/doubt.js";
import { currentIdentity } from "../../trust/identity.js";
import { isTrustedByName, TRUST_VARIABLE } from "../../trust/trusted-paths.js";
import { pathFolders, whyNotExecutable } from "./executables.js";

/** Where an explicit path comes from, in the words of those who gave it. */
const EXPLICIT = '--opencode, or "opencode" in looptrace.config.json or in the call,';

export interface FindOptions {
  /** A path that was given explicitly; nothing else is tried then. */
  readonly explicit?: string | undefined;
  /** Where relative paths start, and where the search for `node_modules/.bin` begins. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The opencode to start, and what was passed over on the way to it. */
export interface FoundOpenCode {
  readonly path: string;
  /** Those that others may have put there, each with why. */
  readonly passedOver: readonly string[];
}

/**
 * Which opencode to start: the explicit path, `LOOPTRACE_OPENCODE`, `node_modules/.bin` of the directory and its
 * parents, then `PATH`. A path that was named but cannot be started is an error, not a reason to take another one.
 *
 * opencode 2 is installed as `opencode` and as `opencode2`. Of one project's both the plain name comes first, and on
 * the `PATH` an `opencode` in any folder comes before an `opencode2`: it is what a shell starts under that name.
 *
 * One that belongs to another user, or that others may write to, is not started, nor is one that is found and came with
 * the repository; on the `PATH` it is, as a shell would, unless it is there only because npm puts each
 * `node_modules/.bin` on it.
 *
 * @returns an absolute path
 * @throws {OpenCodeNotFoundError} when there is none; it lists the places
 */
export function findOpenCode(options: FindOptions): string {
  return searchOpenCode(options).path;
}

/** The same, and what was passed over. */
export function searchOpenCode(options: FindOptions): FoundOpenCode {
  const { environment } = options;
  const fromEnvironment = environment.LOOPTRACE_OPENCODE;
  if (options.explicit !== undefined) return named(options.explicit, EXPLICIT, options);
  if (fromEnvironment) return named(fromEnvironment, "LOOPTRACE_OPENCODE", options);

  const looked: string[] = [];
  const passedOver: string[] = [];
  for (const { path, problem, doubt } of candidates(options)) {
    if (problem === null && doubt === undefined) return { path, passedOver };
    if (doubt !== undefined) passedOver.push(`${path}: ${doubt}`);
    if (doubt !== undefined || problem !== "does not exist") looked.push(`${path}: ${doubt ?? problem}`);
  }
  looked.push(
    `node_modules/.bin in ${options.directory} and the folders above it`,
    `PATH: ${pathFolders(environment).join(delimiter) || "(empty)"}`,
  );
  throw new OpenCodeNotFoundError(NO_OPENCODE, looked);
}

/**
 * The other opencodes on this machine that could be started, in the order in which they would be, each once however
 * many links lead to it. On a machine with both generations this is how the one that is not asked is known.
 *
 * @param path the one that is taken
 */
export function otherOpenCodes(path: string, options: FindOptions): readonly string[] {
  const seen = new Set([realPath(path)]);
  const others: string[] = [];
  for (const candidate of candidates(options)) {
    if (candidate.problem !== null || candidate.doubt !== undefined) continue;
    const real = realPath(candidate.path);
    if (!seen.has(real)) others.push(candidate.path);
    seen.add(real);
  }
  return others;
}

interface Candidate {
  readonly path: string;
  /** Why it cannot be started. */
  readonly problem: string | null;
  /** Why it is not taken, although it could be. */
  readonly doubt: string | undefined;
}

function* candidates({ directory, environment }: FindOptions): Generator<Candidate> {
  const nearby = binFolders(directory).flatMap((folder) => NAMES.map((name) => [folder, name] as const));
  const onPath = NAMES.flatMap((name) => pathFolders(environment).map((folder) => [folder, name] as const));
  for (const [folder, name] of [...nearby, ...onPath]) {
    for (const file of fileNames(name)) {
      const path = join(folder, file);
      const problem = whyNotExecutable(path);
      const doubt = problem === null && !isChosenFolder(folder) ? whyNotTaken(resolve(path), environment) : undefined;
      yield { path, problem, doubt };
    }
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** What decides which opencode is meant. */
export interface WhereOpenCode {
  /** Its path, where the caller knows it. */
  readonly opencode?: string | undefined;
  /** Whose own opencode (in `node_modules/.bin`, of it or above it) comes before that of the `PATH`. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The absolute path of the opencode to use.
 *
 * @throws {OpenCodeNotFoundError} when there is none
 */
export function pathOfOpenCode({ opencode, directory, environment }: WhereOpenCode): string {
  // A relative path means what it means to this process, not below the directory that opencode works in.
  const explicit = opencode === undefined ? undefined : resolve(opencode);
  return findOpenCode({ explicit, directory, environment });
}

function named(path: string, from: string, { directory, environment }: FindOptions): FoundOpenCode {
  const absolute = resolve(directory, path);
  const problem = whyNotExecutable(absolute) ?? whyNotTrusted(absolute, environment);
  if (problem === undefined) return { path: absolute, passedOver: [] };
  throw new OpenCodeNotFoundError(`The opencode that ${from} names cannot be started:`, [`${absolute}: ${problem}`]);
}

/** One that came with the repository is the repository's author's choice, and not one that the user has installed. */
function whyNotTaken(path: string, environment: FindOptions["environment"]): string | undefined {
  const why = whyNotTrusted(path, environment);
  if (why !== undefined || !isCommitted(path) || isTrustedByName(path, environment)) return why;
  return `it came with the repository, so its author decides what it does. Where you trust them, ${TRUST_VARIABLE}=${path} allows it`;
}

function whyNotTrusted(path: string, environment: FindOptions["environment"]): string | undefined {
  const doubt = doubtAbout(path, currentIdentity(environment));
  if (doubt === undefined || isTrustedByName(path, environment)) return undefined;
  return `${doubt}, so others decide what it does. Where you trust them, ${TRUST_VARIABLE}=${path} allows it`;
}

function binFolders(directory: string): string[] {
  const folders: string[] = [];
  for (let at = resolve(directory); ; at = dirname(at)) {
    folders.push(join(at, "node_modules", ".bin"));
    if (at === dirname(at)) return folders;
  }
}

/** Under which opencode is installed; only opencode 2 under the second. */
const NAMES = ["opencode", "opencode2"] as const;

function fileNames(name: (typeof NAMES)[number]): readonly string[] {
  return process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name];
}
