import { lstatSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "../errors/configuration-error.js";
import { attempt } from "../errors/thrown.js";
import { currentIdentity, type Identity } from "../trust/identity.js";
import { isTrustedByName, TRUST_VARIABLE } from "../trust/trusted-paths.js";

/** The folders in looptrace's own. */
const FOLDERS = ["sessions", "outbox", "sent", "rejected", "failed-starts", "fleet", "catalog", "views"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Why looptrace's folder is not used: it or one in it belongs to another user, every user can write to it, or one in it
 * is a link to elsewhere. What lies there may be planted, and what is put there may be taken.
 *
 * The root itself may be a link of this user's own: to another disk, say. A folder that is not there is no problem.
 * `LOOPTRACE_TRUST` allows all but links below the root.
 *
 * @returns undefined where it is used
 */
export function storeProblem(root: string, env: Environment = process.env): ConfigurationError | undefined {
  const folders = [root, ...FOLDERS.map((name) => join(root, name))];
  for (const folder of folders) {
    const problem = problemOf(root, folder, env);
    if (problem) return problem;
  }
  return undefined;
}

/** @throws {ConfigurationError} what {@link storeProblem} says */
export function refuseUntrustedStore({ root }: { readonly root: string }): void {
  const problem = storeProblem(root);
  if (problem) throw problem;
}

/**
 * The same for one folder: the root, or one below it.
 *
 * @throws {ConfigurationError} as {@link storeProblem} says it
 */
export function refuseUntrustedFolder(root: string, folder: string): void {
  const problem = problemOf(root, folder, process.env);
  if (problem) throw problem;
}

function problemOf(root: string, folder: string, env: Environment): ConfigurationError | undefined {
  const identity = currentIdentity(env);
  // What cannot be looked at is found out where it is needed.
  const itself = attempt(() => lstatSync(folder));
  if (!itself) return undefined;
  if (itself.isSymbolicLink() && folder !== root)
    return refusal(folder, "it is a link, which looptrace does not follow. Make it a folder");
  const target = itself.isSymbolicLink() ? attempt(() => statSync(folder)) : itself;
  const doubt = doubtOf(itself, identity) ?? doubtOf(target, identity);
  if (doubt === undefined || allowed.has(folder)) return undefined;
  // No change of its permissions makes a device a folder.
  if (target && !target.isDirectory())
    return refusal(folder, "it is not a folder.\nSay where one is by LOOPTRACE_HOME, or leave that out", "");
  if (isTrustedByName(folder, env)) {
    allowed.add(folder);
    return undefined;
  }
  return refusal(folder, `${doubt}. Allow it by ${TRUST_VARIABLE}=${folder}`);
}

/** What an environment has allowed; later callers need not have the environment at hand. */
const allowed = new Set<string>();

const WORLD_WRITABLE = 0o002;

function doubtOf(found: Stats | undefined, identity: Identity | undefined): string | undefined {
  if (!found || !identity) return undefined;
  if (!identity.uids.has(found.uid)) return `it belongs to uid ${found.uid}`;
  // The mode of a link says nothing.
  if (found.isSymbolicLink() || (found.mode & WORLD_WRITABLE) === 0) return undefined;
  return "every user can write to it, so that what lies there may be planted. Look through it, then `chmod -R go-w` it";
}

const ANOTHER = ", or name a folder of your own by LOOPTRACE_HOME";

function refusal(folder: string, because: string, another = ANOTHER): ConfigurationError {
  return new ConfigurationError(
    "LOOPTRACE_HOME",
    `looptrace's own folder ${folder} is not used, because ${because}${another}.`,
  );
}
