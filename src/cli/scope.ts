/** Which sessions `--all`, `--since` and `--project` mean: the same for every command that takes them. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isMeant, type ProjectFilter } from "../catalog/choose-sessions.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { NO_OPENCODE, OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { refuseUnreadableStore, storeObstacle } from "../files/store-obstacle.js";
import type { LoadOptions } from "../sessions/load-options.js";
import { selectSessions } from "../sessions/select-sessions.js";
import { plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { withKept } from "./open-kept.js";
import { whilePatient } from "./patient-line.js";
import type { Terminal } from "./terminal.js";

/** Several sessions, by when they were at work last and where. */
export interface Scope {
  /** ms since the epoch; undefined: whenever. */
  readonly since: number | undefined;
  /** As it was typed; undefined: the one of the working directory. */
  readonly project: string | undefined;
}

/** What a project is named by: a folder (also one that is gone), or a part of its name. */
export function projectFilter(project: string, cwd: string): ProjectFilter {
  const path = resolve(cwd, project);
  const isFolder = /[\\/]|^\.+$/.test(project) || statSync(path, { throwIfNoEntry: false })?.isDirectory();
  return isFolder ? { kind: "folder", path } : { kind: "name", part: project };
}

/**
 * The sessions of a project: of the working directory's those that opencode has and those that are kept, of another one
 * those that are kept, since opencode tells of no other. What they are is noted.
 *
 * @returns whole ids, those that went on last first
 * @throws {ConfigurationError} where there is none
 */
export async function sessionsIn(
  scope: Scope,
  load: LoadOptions,
  terminal: Terminal,
  isQuiet = false,
): Promise<readonly string[]> {
  const { since, project } = scope;
  const here = projectFolder(terminal.cwd);
  const filter =
    project === undefined ? ({ kind: "folder", path: here } as const) : projectFilter(project, terminal.cwd);
  // What opencode has can be worked on where nothing can be kept.
  const kept = storeObstacle(load.paths, "read")
    ? []
    : await withKept(load, terminal, async (catalog) =>
        catalog.sessions().flatMap((one) => (isMeant(one, { since, project: filter }) ? [one.id] : [])),
      );
  const asked = project === undefined ? inOpenCode(since, load) : Promise.resolve([]);
  const known = await (isQuiet ? asked : whilePatient(terminal, "asking opencode for this project's sessions", asked));
  const ids = [...new Set([...(known ?? []), ...kept])];
  const when = since === undefined ? "" : `, since ${new Date(since).toISOString().slice(0, 16)}Z`;
  const which = project === undefined ? `this project (${oneLine(here)})` : `the project ${oneLine(project)}`;
  if (ids.length === 0) {
    refuseUnreadableStore(load.paths);
    const more =
      project === undefined
        ? "`looptrace ls` lists those of all projects; --project names another one."
        : "`looptrace ls` lists all, with their projects.";
    const none =
      known === null
        ? `No session of ${which} is kept${when}, and there is no opencode to ask.`
        : project === undefined
          ? `Neither opencode nor looptrace has a session of ${which}${when}.`
          : `No kept session is of ${which}${when}.`;
    throw new ConfigurationError("sources", `${none}\n${more}`);
  }
  load.onNote?.(`${plural(ids.length, "session")} of ${which}${when}`);
  return ids;
}

/** @returns null where there is no opencode */
async function inOpenCode(since: number | undefined, load: LoadOptions): Promise<readonly string[] | null> {
  try {
    return await selectSessions(since === undefined ? { kind: "all" } : { kind: "since", at: since }, load);
  } catch (error) {
    if (error instanceof OpenCodeNotFoundError && error.problem === NO_OPENCODE) return null;
    throw error;
  }
}

/** The repository that a directory is in, else itself. */
function projectFolder(cwd: string): string {
  const from = existsSync(cwd) ? realpathSync(cwd) : cwd;
  for (let at = from; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (at === dirname(at)) return from;
  }
}
