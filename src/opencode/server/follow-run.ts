import type { ServedSession } from "../request/drive-request.js";
import type { SessionTree } from "../schema/exported-session.js";
import { followSession2 } from "../v2/server/follow-session.js";
import type { EventEvidence } from "./event-evidence.js";
import { followSessions } from "./follow-sessions.js";
import { familyOf, treeOf } from "./session-mirror.js";

/** A session that is at work on a server of either generation, and those of its subagents. */
export interface FollowedRun {
  /** How it is at the moment; undefined until it has been read. */
  readonly now: () => FollowedRunNow | undefined;
  /** Settles when the signal is aborted and all is closed. */
  readonly ended: Promise<void>;
}

export interface FollowedRunNow {
  readonly tree: SessionTree;
  /** The ids of the session and of its subagents'. */
  readonly family: ReadonlySet<string>;
  readonly evidence: EventEvidence;
}

/** Follows a session that is driven. */
export function followRun(
  { connection, generation, sessionId, directory }: ServedSession,
  { signal, onChange }: { readonly signal: AbortSignal; readonly onChange: () => void },
): FollowedRun {
  if (generation === 2) {
    const followed = followSession2(connection, sessionId, { signal, onChange });
    return {
      now: () => {
        const tree = followed.tree();
        return tree && { tree, family: followed.family(), evidence: followed.evidence() };
      },
      ended: followed.ended,
    };
  }
  const followed = followSessions(connection, {
    ...{ directory, session: sessionId, signal },
    onChange: (_, isOver) => {
      if (isOver) onChange();
    },
    // The turn's end is for the run itself to tell.
    onIdle: () => Promise.resolve(),
  });
  return {
    now: () => {
      const tree = treeOf(followed.mirror, sessionId);
      const family = new Set(familyOf(followed.mirror, sessionId));
      return tree && { tree, family, evidence: followed.evidence };
    },
    ended: followed.ended,
  };
}
