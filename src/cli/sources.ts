import { READING_RISKS } from "../config/config-risks.js";
import type { MaskFlags } from "../config/masking.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import type { LoadOptions } from "../sessions/load-options.js";
import type { Selection } from "../sessions/select-sessions.js";
import { oneLine } from "../text/terminal-text.js";
import { colorsFor } from "./colors.js";
import { CommandContext } from "./command-context.js";
import { parseSince } from "./parse-duration.js";
import type { Terminal } from "./terminal.js";

/** How a command is told which sessions are meant. */
export interface SourceFlags extends MaskFlags {
  readonly opencode?: string;
  readonly last?: boolean;
  readonly all?: boolean;
  readonly since?: string;
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

/** Each note once, however many sessions it is about. */
export function notesTo(terminal: Terminal): (note: string) => void {
  const said = new Set<string>();
  const colors = colorsFor(terminal, terminal.errIsTty);
  return (note) => {
    if (said.has(note)) return;
    said.add(note);
    terminal.err(`${colors.dim(`looptrace: ${oneLine(note)}`)}\n`);
  };
}

/**
 * The sessions and files that were named, else those that `--last`, `--all` or `--since` mean.
 *
 * @throws {ConfigurationError} when neither or both were given, or when nothing is there
 */
export async function sourcesOf(
  named: readonly string[],
  flags: SourceFlags,
  select: (selection: Selection) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const selection = selectionOf(flags);
  if (named.length > 0 && selection) {
    throw new ConfigurationError("sources", "Name the sessions, or say --last, --all or --since, but not both.");
  }
  if (named.length > 0) return named;
  if (!selection) {
    throw new ConfigurationError(
      "sources",
      "Which session? Name session ids, export files or - for standard input, or say --last. `opencode session list` shows the ids.",
    );
  }
  const ids = await select(selection);
  if (ids.length > 0) return ids;
  throw new ConfigurationError("sources", "There is no such session for this directory's project yet.");
}

function selectionOf(flags: SourceFlags): Selection | undefined {
  const given = [flags.last, flags.all, flags.since].filter((flag) => flag !== undefined && flag !== false);
  if (given.length > 1) throw new ConfigurationError("sources", "Say one of --last, --all and --since.");
  if (flags.last) return { kind: "last" };
  if (flags.all) return { kind: "all" };
  if (flags.since === undefined) return undefined;
  return { kind: "since", at: parseSince(flags.since) };
}
