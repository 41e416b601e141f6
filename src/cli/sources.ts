import { READING_RISKS } from "../config/config-risks.js";
import type { MaskFlags } from "../config/masking.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { maskFor } from "../masking/mask.js";
import type { LoadOptions } from "../sessions/load-options.js";
import { type Selection, selectSessions } from "../sessions/select-sessions.js";
import { storedExport } from "../sessions/session-store.js";
import { lastStoredSessions } from "../sessions/stored-files.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { CommandContext } from "./command-context.js";
import { nameSessions } from "./name-sessions.js";
import { notesTo } from "./notes.js";
import { parseSince } from "./parse-moment.js";
import { pickSession } from "./pick-session.js";
import type { Terminal } from "./terminal.js";

/** How a command is told which sessions are meant. */
export interface SourceFlags extends MaskFlags {
  readonly opencode?: string;
  readonly last?: boolean;
  readonly all?: boolean;
  readonly since?: string;
  readonly pick?: boolean;
  /** Without notes. */
  readonly quiet?: boolean;
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
 * The sessions and files that were named, else those that `--last`, `--all` or `--since` mean, else the last one.
 *
 * @returns whole ids, files as they were typed, and `-`
 * @throws {ConfigurationError} when both were given, a name is that of several sessions, or nothing is there
 */
export async function sourcesOf(
  named: readonly string[],
  flags: SourceFlags,
  { load, terminal, lastByDefault = false }: SourceOptions,
): Promise<readonly string[]> {
  const selection = selectionOf(flags, terminal);
  if (named.length > 0 && (selection || flags.pick)) {
    throw new ConfigurationError(
      "sources",
      "Name the sessions, or say --last, --all, --since or --pick, but not both.",
    );
  }
  if (flags.pick) return [await pickSession(load, terminal)];
  if (named.length > 0) return await nameSessions(named, load, terminal);
  if (!selection && !lastByDefault) {
    throw new ConfigurationError(
      "sources",
      "Which session? Name it by its id, a word of its title or its number in `looptrace ls`, name export files or - for standard input, or say --last.",
    );
  }
  const ids = await selectSessions(selection ?? { kind: "last" }, load);
  const [last] = ids;
  if (last === undefined)
    throw new ConfigurationError("sources", "There is no such session for this directory's project yet.");
  if (!selection) load.onNote?.(await meantText([last], load));
  return ids;
}

/**
 * The two sessions that looptrace saw last, the earlier one first.
 *
 * @throws {ConfigurationError} where there are fewer
 */
export async function lastTwo(load: LoadOptions): Promise<readonly [string, string]> {
  const [later, earlier] = await lastStoredSessions(load.paths, 2);
  if (later === undefined || earlier === undefined)
    throw new ConfigurationError("sources", "Which two sessions? Fewer than two are kept: name ids or export files.");
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

function selectionOf(flags: SourceFlags, terminal: Terminal): Selection | undefined {
  const given = [flags.last, flags.all, flags.since].filter((flag) => flag !== undefined && flag !== false);
  if (given.length + (flags.pick ? 1 : 0) > 1)
    throw new ConfigurationError("sources", "Say one of --last, --all, --since and --pick.");
  if (flags.last) return { kind: "last" };
  if (flags.all) return { kind: "all" };
  if (flags.since === undefined) return undefined;
  return { kind: "since", at: parseSince(flags.since, terminal.env) };
}
