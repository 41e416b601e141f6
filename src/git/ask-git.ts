import { execFile } from "node:child_process";

export type Environment = Readonly<Record<string, string | undefined>>;

const TIMEOUT_MS = 5_000;
const MOST_OUTPUT = 16 * 1024 * 1024;

/** What git's own hooks and commands set, and what would lead to another repository than that of the directory. */
const MISLEADING = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"];

/** What a repository's own settings must not have git do while it is only asked: no program and no hook. */
const SETTINGS = [
  ...["-c", "core.hooksPath=/dev/null"],
  ...["-c", "core.fsmonitor=false"],
  ...["-c", "log.showSignature=false"],
];

/**
 * It changes nothing, waits for no lock and asks no question. A commit that is missing an older git would fetch from
 * wherever the repository says, by a program (`ext::`) too: no protocol may be used, whatever its `protocol.ext.allow` says.
 */
const ONLY_ASKED = {
  ...{ LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0", GIT_NO_LAZY_FETCH: "1", GIT_TERMINAL_PROMPT: "0" },
  GIT_ALLOW_PROTOCOL: "",
};

/** An environment in which git means the repository of the directory that it is started in. */
export function ofDirectory(env: Environment): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !MISLEADING.includes(name)));
}

/**
 * Asks git something about the repository of a directory; changes nothing there, waits for no lock and fetches nothing.
 * A repository of another user's that `safe.directory` does not name tells nothing.
 *
 * @returns its output; undefined outside of a repository, without git, and where it knows no answer
 */
export async function askGit(
  directory: string,
  env: Environment,
  ...args: readonly string[]
): Promise<string | undefined> {
  const how = {
    cwd: directory,
    env: { ...ofDirectory(env), ...ONLY_ASKED },
    timeout: TIMEOUT_MS,
    maxBuffer: MOST_OUTPUT,
  };
  try {
    return await new Promise((resolve) => {
      execFile("git", ["--no-pager", ...SETTINGS, ...args], how, (error, stdout) =>
        resolve(error ? undefined : stdout),
      );
    });
  } catch {
    // What is said about a directory is worth no error; a path out of a session may be none at all.
    return undefined;
  }
}
