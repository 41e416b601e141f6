/** A session as `trace/` reads it, whichever opencode wrote it. Other rooms import it from here. */
import type { Evidence } from "./model/evidence.js";
import type { Session } from "./model/session.js";
import { wireBySession } from "./model/session-wire.js";
import type { SessionTree } from "./schema/exported-session.js";
import type { RunEvidence } from "./schema/run-evidence.js";
import { readerV1 } from "./v1/read-session.js";
import { readerV2 } from "./v2/read/read-session.js";

export { isOwnTool } from "./model/own-tools.js";
export { NO_OWN_WORK, type OwnWork, type PhaseEvidence, type PhaseKind, type TurnsOwnWork } from "./model/own-work.js";
export { promptText } from "./model/prompt-text.js";
export type {
  Answer,
  CompactionEvent,
  CompactionSummary,
  DeadRequest,
  Entry,
  InnerToolCall,
  ModelCall,
  OtherCall,
  RecordedTokens,
  RequestFailure,
  Session,
  SessionEvent,
  Spent,
  SubagentFacts,
  Told,
  ToolRun,
  Turn,
  TurnEnd,
} from "./model/session.js";
export { costBy, isLike, type UserPrice, type UserPrices, userPriceOf } from "./model/user-prices.js";
export type {
  CallOutput,
  ContentPart,
  FileFacts,
  Interval,
  ModelFacts,
  Moment,
  Outcome,
  Patch,
  Timing,
  ToolCall,
  Usage,
} from "./model/values.js";

/**
 * Reads a session with those of its subagents, by the reader of the opencode that wrote it. A pure function.
 *
 * @param tree the session with the sessions of its subagents, as `assembleSessions` puts them together
 * @param evidence what is known beside the export: it makes times better, and changes no id
 */
export function sessionModel(tree: SessionTree, evidence: Evidence): Session {
  const wires = wireBySession(evidence.wire, tree);
  const readV1 = readerV1(evidence, wires);
  const readV2 = readerV2(evidence, wires);
  const readTree = ({ session, children }: SessionTree, runs: readonly RunEvidence[]): Session => {
    // Runs are the root's.
    const below = children.map((child) => readTree(child, []));
    return session.generation === 1 ? readV1(session, runs, below) : readV2(session, runs, below);
  };
  return readTree(tree, evidence.runs ?? []);
}
