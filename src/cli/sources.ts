import { READING_RISKS } from "../config/config-risks.js";
import type { MaskFlags } from "../config/masking.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { NO_OPENCODE, OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { refuseUnreadableStore } from "../files/store-obstacle.js";
import { maskFor } from "../masking/mask.js";
import type { LoadOptions } from "../sessions/load-options.js";
import { selectSessions } from "../sessions/select-sessions.js";
import { storedExport } from "../sessions/session-store.js";
import { lastStoredSession, lastStoredSessions } from "../sessions/stored-files.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { CommandContext } from "./command-context.js";
import { nameSessions } from "./name-sessions.js";
import { notesTo } from "./notes.js";
import { type Nothing, nothingKept } from "./nothing-kept.js";
import { parseSince } from "./parse-moment.js";
import { whilePatient } from "./patient-line.js";
import { pickSession } from "./pick-session.js";
import { readingLine } from "./reading-line.js";
import { type Scope, sessionsIn } from "./scope.js";
import type { Terminal } from "./terminal.js";

/** How a command is told which sessions are meant. */
export interface SourceFlags extends MaskFlags {
  readonly opencode?: string;
  readonly last?: boolean;
  readonly all?: boolean;
  readonly since?: string;
  readonly pick?: boolean;
  /** A folder of a project, or a part of its name. */
  readonly project?: string;
  /** Without notes. */
  readonly quiet?: boolean;
  /** What another program reads. */
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** @param context where the command has one already */
export function loadOptions(
  flags: SourceFlags,
  terminal: Terminal,
  prefer: LoadOptions["prefer"],
  context = new CommandContext(flags, terminal, { uses: READING_RISKS }),
): LoadOptions {
  return {
    opencode: context.openCodePath(flags.opencode),
    masking: context.masking,
    prices: context.prices,
    environment: terminal.env,
    directory: terminal.cwd,
    paths: context.paths,
    prefer,
    readStdin: terminal.readStdin,
    tellKept: flags.json !== true && flags.csv !== true,
    onLarge: flags.quiet ? undefined : readingLine(terminal),
    onNote: flags.quiet ? () => undefined : notesTo(terminal),
  };
}

/** How the sources of a command are found. */
export interface SourceOptions {
  readonly load: LoadOptions;
  readonly terminal: Terminal;
  /** Whether the one that looptrace saw last is meant where none is named. */
  readonly lastByDefault?: boolean;
}

/**
 * The sessions and files that were named, else those that `--last`, `--all`, `--since` or `--project` mean, else the
 * last one.
 *
 * @returns whole ids, files as they were typed, and `-`
 * @throws {ConfigurationError} when both were given, a name is that of several sessions, or nothing is there
 */
export async function sourcesOf(
  named: readonly string[],
  flags: SourceFlags,
  { load, terminal, lastByDefault = false }: SourceOptions,
): Promise<readonly string[]> {
  const wanted = wantedBy(flags, terminal);
  if (named.length > 0 && (wanted || flags.pick)) {
    throw new ConfigurationError(
      "sources",
      "Sessions are named, and chosen by a flag too.\nName them, or say --last, --all, --since, --project or --pick.",
    );
  }
  if (flags.pick) return [await pickSession(load, terminal)];
  if (named.length > 0) return await nameSessions(named, load, terminal);
  if (wanted && wanted !== "last") return await sessionsIn(wanted, load, terminal, flags.quiet);
  if (!wanted && !lastByDefault) {
    throw new ConfigurationError(
      "sources",
      "Which session is not said.\nName it by its id, a word of its title or its number in `looptrace ls`, name export files or - for standard input, or say --last.",
    );
  }
  // opencode starts a server to be asked.
  const what = load.prefer === "kept" ? "looking for the last session" : "asking opencode for its last session";
  const waited = lastOne(load);
  const [last] = await (flags.quiet ? waited : whilePatient(terminal, what, waited));
  if (last === undefined) throw nothingIn(load, "none-in-opencode");
  if (!wanted) load.onNote?.(await meantText([last], load));
  return [last];
}

async function lastOne(load: LoadOptions): Promise<readonly string[]> {
  try {
    return await selectSessions({ kind: "last" }, load);
  } catch (error) {
    const isNowhere = error instanceof OpenCodeNotFoundError && error.problem === NO_OPENCODE;
    if (!isNowhere || (await lastStoredSession(load.paths)) !== undefined) throw error;
    throw nothingIn(load, "no-opencode");
  }
}

/** That nothing is kept, or that nobody can know. */
function nothingIn({ paths }: LoadOptions, why: Nothing): ConfigurationError {
  refuseUnreadableStore(paths);
  return new ConfigurationError("sources", nothingKept(why));
}

/**
 * The two sessions that looptrace saw last, the earlier one first.
 *
 * @throws {ConfigurationError} where there are fewer
 */
export async function lastTwo(load: LoadOptions): Promise<readonly [string, string]> {
  const [later, earlier] = await lastStoredSessions(load.paths, 2);
  if (later === undefined || earlier === undefined) {
    refuseUnreadableStore(load.paths);
    throw new ConfigurationError(
      "sources",
      "Fewer than two sessions are kept.\nName two by their ids or export files.",
    );
  }
  load.onNote?.(await meantText([earlier, later], load));
  return [earlier, later];
}

/** Which sessions are meant where none was named. */
async function meantText(ids: readonly string[], { paths, masking }: LoadOptions): Promise<string> {
  const titles = await Promise.all(
    ids.map(async (id) => (await storedExport(paths, id).catch(() => undefined))?.info.title ?? ""),
  );
  const mask = await maskFor([titles], masking);
  const told = ids.map((id, index) => {
    const title = shortenTo(oneLine(mask(titles[index] ?? "")), MOST_TITLE);
    return title === "" ? oneLine(id) : `“${title}” (${oneLine(id)})`;
  });
  return `the last ${told.length === 1 ? "session" : "two sessions"}, ${told.join(" and ")}`;
}

const MOST_TITLE = 60;

function wantedBy(flags: SourceFlags, { env }: Terminal): Scope | "last" | undefined {
  const { last, all, since, project, pick } = flags;
  const given = [last, all, since !== undefined, pick].filter(Boolean);
  if (given.length > 1 || (project !== undefined && (last || pick)))
    throw new ConfigurationError(
      "sources",
      "Several flags choose sessions.\nSay one of --last, --all, --since and --pick; --project goes with --all and --since.",
    );
  if (last) return "last";
  if (!all && since === undefined && project === undefined) return undefined;
  return { since: since === undefined ? undefined : parseSince(since, env), project };
}
