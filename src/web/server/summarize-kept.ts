import { sessionFacts } from "../../analysis/session-facts.js";
import { messageOf } from "../../errors/thrown.js";
import type { StorePaths } from "../../files/store-paths.js";
import { type Masking, maskFor } from "../../masking/mask.js";
import type { UserPrices } from "../../opencode/model.js";
import { loadStored } from "../../sessions/load-stored.js";
import { assembleFound } from "../../sessions/loaded-session.js";
import type { StoredFiles } from "../../sessions/stored-files.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import { type ListedSession, listedSession, shortened, unreadableSession } from "../data/listed-session.js";

/** What is kept, where, and what is masked in it. */
export interface KeptSource {
  readonly paths: StorePaths;
  readonly masking: Masking;
  /** What models cost by the user's own word. */
  readonly prices?: UserPrices | undefined;
}

/** What the list needs to know of a kept session. */
export interface KeptSummary {
  readonly session: ListedSession;
  /** The session whose subagent it is. */
  readonly parentId: string | undefined;
  /** The sessions that its figures come from beside its own, whether they are kept or not. */
  readonly subagentIds: readonly string[];
}

/**
 * Sums up a kept session.
 *
 * @returns a summary that says why when the session cannot be read; undefined when it is not kept any more
 */
export async function summarizeKept(
  { id, storedAt }: StoredFiles,
  { paths, masking, prices }: KeptSource,
): Promise<KeptSummary | undefined> {
  // Of all that the session holds only the summary is shown, so only that is masked: it is much less.
  const shown = async (session: ListedSession): Promise<ListedSession> =>
    shortened((await maskFor([session], masking))(session));
  try {
    const stored = await loadStored(paths, id);
    if (!stored) return undefined;
    const { found, parentId, subagentIds } = stored;
    const traces = assembleFound([found]).flatMap(({ tree, evidence }) => traceSession(tree, evidence));
    const facts = sessionFacts(withUserPrices(traces, prices), { runs: found.runs });
    return { session: await shown(listedSession(id, facts, storedAt)), parentId, subagentIds };
  } catch (error) {
    const reason = messageOf(error);
    const session = await shown(unreadableSession(id, storedAt, reason));
    return { session, parentId: undefined, subagentIds: [] };
  }
}
