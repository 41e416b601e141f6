import { type SessionFacts, sessionFacts } from "../analysis/session-facts.js";
import { READING_RISKS } from "../config/config-risks.js";
import type { MaskFlags } from "../config/masking.js";
import { GitHistories } from "../git/git-histories.js";
import { maskFor } from "../masking/mask.js";
import { loadStored } from "../sessions/load-stored.js";
import { assembleFound } from "../sessions/loaded-session.js";
import { storedFiles } from "../sessions/stored-files.js";
import { traceSession } from "../trace/trace-session.js";
import { CommandContext } from "./command-context.js";
import type { Terminal } from "./terminal.js";

/** The facts of all sessions that looptrace keeps, masked; a subagent's stand in those of the session that it is of. */
export async function keptFacts(
  flags: MaskFlags,
  terminal: Terminal,
  onUnreadable: (error: unknown, source: string) => void,
): Promise<readonly SessionFacts[]> {
  const { paths, masking } = new CommandContext(flags, terminal, { uses: READING_RISKS });
  const files = await storedFiles(paths);
  const histories = new GitHistories(terminal.env);
  const all: SessionFacts[] = [];
  for (const id of files.keys()) {
    try {
      const stored = await loadStored(paths, id);
      if (!stored || (stored.parentId !== undefined && files.has(stored.parentId))) continue;
      const [loaded] = assembleFound([stored.found]);
      const traces = loaded ? traceSession(loaded.tree, loaded.evidence) : [];
      const gitAt = await histories.of(traces.map(({ session }) => session.directory));
      const facts = sessionFacts(traces, { runs: stored.found.runs, gitAt });
      if (facts) all.push((await maskFor([facts], masking))(facts));
    } catch (error) {
      onUnreadable(error, id);
    }
  }
  return all;
}
