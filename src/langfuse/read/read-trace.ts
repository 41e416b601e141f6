import type { LoopTrace, SessionFacts } from "../../trace/model.js";
import type { Observation } from "../api/observation.js";
import { foreignLoop, tracerOf } from "./foreign-loop.js";
import { isLoop, isLooptraces, readLoop } from "./looptrace-loop.js";
import { STEP } from "./looptrace-step.js";
import { ObservationTree } from "./observation-tree.js";
import { numberOf, objectOf, sentMetadata, textOf } from "./stored-values.js";

/** A trace as Langfuse has it. */
export interface RemoteTrace {
  /** What it says, as far as that came back. */
  readonly trace: LoopTrace;
  /** null: looptrace made it, and all that was sent is in it. Else who did, in words: the trace is a best effort. */
  readonly otherTracer: string | null;
  /** Ids of observations that Langfuse has more than once; each counts once here. */
  readonly doubled: readonly string[];
}

/** What is known of a trace beside its observations. */
export interface TraceSurroundings {
  /** How many turns its session has there; undefined where that is not known. */
  readonly turns?: number | undefined;
}

/**
 * Puts the observations of one trace together again. Of a trace that looptrace made comes out what went in, but for
 * what is not sent: opencode's own ids of parts, what the requests were made of, fractions of milliseconds.
 *
 * @returns undefined where there is nothing to put together
 */
export function readTrace(
  traceId: string,
  found: readonly Observation[],
  { turns }: TraceSurroundings = {},
): RemoteTrace | undefined {
  const tree = new ObservationTree(found);
  const { roots, doubled } = tree;
  if (roots.length === 0) return undefined;
  if (!isLooptraces(tree)) {
    const { loop, root } = foreignLoop(tree);
    const session = { ...sessionOf(root, turns), turns: Math.max(1, turns ?? 1) };
    return { trace: { traceId, session, loop }, otherTracer: tracerOf(tree), doubled };
  }
  // Below another program's span it stands somewhere inside the trace.
  const root = roots.find(isLoop) ?? tree.all.find(isLoop);
  const loose = roots.filter(({ name, parentObservationId }) => STEP.test(name ?? "") && parentObservationId !== null);
  const session = sessionOf(root ?? roots[0], turns);
  const generation = /^v?2\./.test(session.opencodeVersion) ? 2 : 1;
  const parts = root ? tree.below(root) : siblingsOf(loose[0], roots);
  return {
    trace: { traceId, session, loop: readLoop(root, parts, { tree, generation }, session.id) },
    otherTracer: null,
    doubled,
  };
}

/** What stands below the same span that is not there. */
function siblingsOf(one: Observation | undefined, roots: readonly Observation[]): readonly Observation[] {
  return roots.filter(({ parentObservationId }) => parentObservationId === one?.parentObservationId);
}

function sessionOf(root: Observation | undefined, turns: number | undefined): SessionFacts {
  const metadata = sentMetadata(root?.metadata ?? {});
  const turn = numberOf(metadata.turn) ?? 0;
  const name = root?.traceName ?? "";
  const counts = Object.entries(objectOf(metadata.unread)).flatMap(([kind, value]) => {
    const count = numberOf(value);
    return count === null ? [] : [[kind, count] as const];
  });
  return {
    id: root?.sessionId ?? "",
    // Where the trace is called by it, it does not stand in the metadata once more.
    title: textOf(metadata.title) ?? (name === "opencode.loop" ? "" : name),
    directory: textOf(metadata.directory) ?? "",
    opencodeVersion: textOf(metadata.opencodeVersion) ?? root?.version ?? "unknown",
    projectId: null,
    parentId: null,
    turn,
    turns: Math.max(turns ?? 0, turn + 1),
    unread: Object.fromEntries(counts),
  };
}
