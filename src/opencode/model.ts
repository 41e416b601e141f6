/** A session as `trace/` reads it, whichever opencode wrote it. Other rooms import it from here. */
import { InvalidExportError } from "../errors/invalid-export-error.js";
import type { Evidence } from "./model/evidence.js";
import type { Session } from "./model/session.js";
import type { SessionTree } from "./schema/exported-session.js";
import type { RunEvidence } from "./schema/run-evidence.js";
import { readerV1 } from "./v1/read-session.js";

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
 * @throws {InvalidExportError} for a session of opencode 2
 */
export function sessionModel(tree: SessionTree, evidence: Evidence): Session {
  const readV1 = readerV1(evidence);
  const readTree = ({ session, children }: SessionTree, runs: readonly RunEvidence[]): Session => {
    if (session.generation === 2) throw notYet(session.info.id);
    // Runs are the root's.
    return { ...readV1(session, runs), children: children.map((child) => readTree(child, [])) };
  };
  return readTree(tree, evidence.runs ?? []);
}

function notYet(id: string): InvalidExportError {
  return new InvalidExportError(
    id,
    "this session is of opencode 2. This version of looptrace reads it, but makes traces only of sessions of opencode 1.",
  );
}
