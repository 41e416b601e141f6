import type { ListedSession, SessionSummary } from "../data/listed-session.js";

/** What tells sessions of one project from those of others. */
export function projectKey({ project, directory }: SessionSummary): string {
  // opencode calls all that is in no repository `global`.
  return project === null || project === "global" ? directory : project;
}

/**
 * How projects are called, by their keys: by the shortest directory that is known of each, since worktrees are of the
 * same one; of that as many folders from its end as it takes to tell it from the others.
 */
export function projectNames(sessions: readonly ListedSession[]): ReadonlyMap<string, string> {
  const directories = new Map<string, string>();
  for (const session of sessions) {
    if (session.kind !== "session") continue;
    const key = projectKey(session);
    const known = directories.get(key);
    const { directory } = session;
    if (
      known === undefined ||
      directory.length < known.length ||
      (directory.length === known.length && directory < known)
    )
      directories.set(key, directory);
  }
  const all = [...directories.values()];
  return new Map([...directories].map(([key, directory]) => [key, shortName(directory, all)]));
}

function shortName(directory: string, all: readonly string[]): string {
  const others = all.filter((one) => one !== directory);
  for (let folders = 1; ; folders += 1) {
    const name = endOf(directory, folders);
    if (name === directory || others.every((one) => endOf(one, folders) !== name)) return name;
  }
}

function endOf(directory: string, folders: number): string {
  const names = directory.split(/[/\\]/).filter(Boolean);
  return names.length <= folders ? directory : names.slice(-folders).join("/");
}
