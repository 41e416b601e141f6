import { setImmediate as others } from "node:timers/promises";
import type { Masking } from "../masking/mask.js";
import { maskedLike } from "../masking/masked.js";
import type { Phase, ServedSession } from "../opencode/drive.js";
import { assembleSessions, exportFromJson } from "../opencode/session.js";
import { readEvidence, traceLoaded } from "../sessions/loaded-session.js";
import { SessionRecorder } from "../sessions/session-recorder.js";
import type { LoopTrace } from "../trace/model.js";
import { PRACTICE } from "./practice-session.js";

/**
 * When it begins: the phase of the run, and how long after, ms. opencode 1 says that it turns to its request, which it
 * puts together first. opencode 2 says nothing before the model answers, and is sooner there.
 */
const BEGINS = {
  1: { phase: "waiting-for-model", afterMs: 50 },
  2: { phase: "prompt", afterMs: 100 },
} as const;

type Generation = ServedSession["generation"];

/** Goes through what will be done with traces, with some that are nobody's, until the signal says to stop. */
export type Practice = (traces: readonly LoopTrace[], signal: AbortSignal) => Promise<unknown>;

/** What this process has gone through already. */
const PROCESS = { isRehearsed: false };

/** What a run does at its end, gone through while it waits. */
export interface Rehearsal {
  /** Begins it when the model is waited for, or soon will be. */
  readonly onPhase: (phase: Phase) => void;
  /** Ends it, where it is still to begin or goes on. */
  readonly end: () => void;
}

/**
 * Goes through what a run does when its answer is here while there is nothing to do but wait for it: code is loaded,
 * compiled and run for the first time then, which is most of what that takes. Once a process, and as far as opencode
 * tells not before it waits as well: to make ready for a first prompt takes all that a small machine has.
 *
 * @param generation opencode's
 * @param rehearsing goes through it until the signal says to stop
 * @param done whether that was done; default: in this process
 */
export function rehearsalOf(
  generation: Generation,
  rehearsing: (signal: AbortSignal) => Promise<unknown>,
  done = PROCESS,
): Rehearsal {
  const { phase, afterMs } = BEGINS[generation];
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    onPhase: ({ kind }) => {
      if (done.isRehearsed || ending.signal.aborted || kind !== phase) return;
      done.isRehearsed = true;
      timer = setTimeout(() => {
        // What fails here fails again when it counts, and is told of then.
        rehearsing(ending.signal).catch(() => undefined);
      }, afterMs);
      timer.unref();
    },
    end: () => {
      clearTimeout(timer);
      ending.abort();
    },
  };
}

/**
 * Reads, masks and traces a session of looptrace's own, and leaves nothing of it: the caller's function is not given
 * texts that no session has. What waits in the meantime (a permission that is asked for) has its turn in between.
 *
 * @param generation opencode's, which has a form of its own for what is read
 * @returns its traces
 * @throws the signal's reason
 */
export async function rehearse(
  masking: Masking,
  signal: AbortSignal,
  generation: Generation,
): Promise<readonly LoopTrace[]> {
  const { id, run, logText, wire } = PRACTICE;
  const exported = PRACTICE.exported[generation];
  const [tree] = assembleSessions([exportFromJson(exported, id)]);
  if (!tree) return [];
  await others(undefined, { signal });
  const recorder = new SessionRecorder({ paths: null, masking: masking && { ...masking, replace: undefined } });
  const raw = new Map([[id, JSON.stringify(exported)]]);
  const seen = { tree, raw, runs: [{ run, logText }], mcpServers: [], wire };
  const recorded = await recorder.record(seen, { run, notes: [], asking: null });
  await others(undefined, { signal });
  const evidence = readEvidence([recorded.evidence]);
  const traces = traceLoaded(maskedLike({ tree: recorded.tree, evidence }, recorded));
  await others(undefined, { signal });
  // What keeps a session, and what tells of it, is loaded too.
  await Promise.all([import("../sessions/session-store.js"), import("../otel/host-span.js")]);
  return traces;
}
