import type { SessionFacts } from "../analysis/session-facts.js";
import { Catalog } from "../catalog/catalog.js";
import { NO_PROMPT } from "../catalog/read-kept.js";
import { READING_RISKS } from "../config/config-risks.js";
import type { MaskFlags } from "../config/masking.js";
import { count, plural } from "../text/format.js";
import { changingLine } from "./changing-line.js";
import { CommandContext } from "./command-context.js";
import { notesTo } from "./notes.js";
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
  const { paths, masking } = new CommandContext(flags, terminal, { uses: READING_RISKS });
  let progress = "";
  const line = terminal.errIsTty ? changingLine(terminal, () => progress) : undefined;
  const catalog = await Catalog.open({
    ...{ paths, masking, environment: terminal.env, onNote: notesTo(terminal) },
    onProgress: (done, total) => {
      progress = done < total ? `reading ${count(done + 1)} of ${plural(total, "new session")}` : "";
    },
  });
  try {
    await catalog.refresh();
    line?.stop();
    // Of a session that was only begun nothing could be added up.
    for (const session of catalog.sessions())
      if (session.kind === "unreadable" && session.reason !== NO_PROMPT) onUnreadable(session.id, session.reason);
    return await catalog.facts();
  } finally {
    line?.stop();
    await catalog.close();
  }
}
