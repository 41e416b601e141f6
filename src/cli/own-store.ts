import { type StorePaths, storePaths } from "../deliver/store-paths.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { doubtAboutOwner } from "../trust/doubt.js";
import { currentIdentity } from "../trust/identity.js";
import { isTrustedByName, TRUST_VARIABLE } from "../trust/trusted-paths.js";
import type { Terminal } from "./terminal.js";

/**
 * Where looptrace keeps its files, if nobody else can have put some there: what waits in an outbox is sent with the user's keys,
 * and what is kept is shown as what happened.
 *
 * @throws {ConfigurationError} when one of its folders belongs to another user
 */
export function ownStore({ env }: Pick<Terminal, "env">): StorePaths {
  const paths = storePaths(env);
  const problem = storeProblem(paths, env);
  if (problem !== undefined) throw problem;
  return paths;
}

/** Why looptrace's folder is not used; undefined when it is. */
export function storeProblem(paths: StorePaths, env: Terminal["env"]): ConfigurationError | undefined {
  const identity = currentIdentity(env);
  const { root, sessions, outbox, sent, rejected } = paths;
  for (const folder of [root, sessions, outbox, sent, rejected]) {
    const doubt = doubtOf(() => doubtAboutOwner(folder, identity));
    if (doubt === undefined || isTrustedByName(folder, env)) continue;
    return new ConfigurationError(
      "LOOPTRACE_HOME",
      `looptrace's own folder ${folder} is not used, because ${doubt}. Name a folder of your own by LOOPTRACE_HOME, or allow this one by ${TRUST_VARIABLE}=${folder}.`,
    );
  }
  return undefined;
}

/** What cannot be looked at is found out where it is needed. */
function doubtOf(look: () => string | undefined): string | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
