import type { SessionFacts } from "../analysis/session-facts.js";
import { NO_PROMPT } from "../catalog/read-kept.js";
import { READING_RISKS } from "../config/config-risks.js";
import type { MaskFlags } from "../config/masking.js";
import { CommandContext } from "./command-context.js";
import { withKept } from "./open-kept.js";
import type { Terminal } from "./terminal.js";

/**
 * The facts of all sessions that looptrace keeps; a subagent's stand in those of the session that it is of.
 *
 * @param onUnreadable told of each session that cannot be read, and why
 */
export async function keptFacts(
  flags: MaskFlags,
  terminal: Terminal,
  onUnreadable: (id: string, reason: string) => void,
): Promise<readonly SessionFacts[]> {
  const context = new CommandContext(flags, terminal, { uses: READING_RISKS });
  return await withKept(context, terminal, async (catalog) => {
    // Of a session that was only begun nothing could be added up.
    for (const session of catalog.sessions())
      if (session.kind === "unreadable" && session.reason !== NO_PROMPT) onUnreadable(session.id, session.reason);
    return await catalog.facts();
  });
}
