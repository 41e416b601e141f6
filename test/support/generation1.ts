import type { SessionExport, SessionTree, SessionTreeV1 } from "../../src/opencode/schema/exported-session.js";
import type { Message, SessionExportV1 } from "../../src/opencode/schema/session-export.js";

/** A session that is known to be opencode 1's. */
export function generation1(session: SessionExport): SessionExportV1 {
  if (session.generation !== 1) throw new Error(`${session.info.id} is a session of opencode ${session.generation}`);
  return session;
}

/** Its messages; none where there is no session. */
export function messagesOf(session: SessionExport | undefined): readonly Message[] {
  return session ? generation1(session).messages : [];
}

/** The same with its subagents. */
export function tree1({ session, children }: SessionTree): SessionTreeV1 {
  return { session: generation1(session), children: children.map(tree1) };
}
