import type { SessionFacts } from "../analysis/session-facts.js";
import type { TurnTable } from "../analysis/stats/turn-table.js";
import type { Catalog } from "../catalog/catalog.js";
import { NO_PROMPT } from "../catalog/read-kept.js";
import { READING_RISKS } from "../config/config-risks.js";
import type { MaskFlags } from "../config/masking.js";
import { CommandContext } from "./command-context.js";
import { withKept } from "./open-kept.js";
import type { Terminal } from "./terminal.js";

/** Told of each session that cannot be read, and why. */
export type OnUnreadable = (id: string, reason: string) => void;

/** The facts of all sessions that looptrace keeps; a subagent's stand in those of the session that it is of. */
export function keptFacts(
  flags: MaskFlags,
  terminal: Terminal,
  onUnreadable: OnUnreadable,
): Promise<readonly SessionFacts[]> {
  return ofKept(flags, terminal, onUnreadable, (catalog) => catalog.facts());
}

/** What statistics add up of them, which is there sooner. */
export function keptTurns(
  flags: MaskFlags,
  terminal: Terminal,
  onUnreadable: OnUnreadable,
): Promise<readonly TurnTable[]> {
  return ofKept(flags, terminal, onUnreadable, (catalog) => catalog.turns());
}

async function ofKept<T>(
  flags: MaskFlags,
  terminal: Terminal,
  onUnreadable: OnUnreadable,
  ask: (catalog: Catalog) => Promise<T>,
): Promise<T> {
  const context = new CommandContext(flags, terminal, { uses: READING_RISKS });
  return await withKept(context, terminal, async (catalog) => {
    // Of a session that was only begun nothing could be added up.
    for (const { id, reason } of catalog.unreadable()) if (reason !== NO_PROMPT) onUnreadable(id, reason);
    return await ask(catalog);
  });
}
