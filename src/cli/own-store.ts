import { type StorePaths, storePaths } from "../files/store-paths.js";
import { storeProblem } from "../files/trusted-store.js";
import type { Terminal } from "./terminal.js";

/**
 * Where looptrace keeps its files, if no other user can have put some there: what waits in an outbox is sent
 * with the user's keys, and what is kept is shown as what happened.
 *
 * @throws {ConfigurationError} when one of its folders belongs to another user, can be written to by every
 *   user, or is a link
 */
export function ownStore({ env }: Pick<Terminal, "env">): StorePaths {
  const paths = storePaths(env);
  const problem = storeProblem(paths.root, env);
  if (problem !== undefined) throw problem;
  return paths;
}
