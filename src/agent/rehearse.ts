import { setImmediate as others } from "node:timers/promises";
import type { Masking } from "../masking/mask.js";
import { maskedLike } from "../masking/masked.js";
import type { ServedSession } from "../opencode/drive.js";
import { assembleSessions, exportFromJson } from "../opencode/session.js";
import { readEvidence, traceLoaded } from "../sessions/loaded-session.js";
import { SessionRecorder } from "../sessions/session-recorder.js";
import type { LoopTrace } from "../trace/model.js";
import { PRACTICE } from "./practice-session.js";

/** Once opencode has the prompt, and is waiting for a model itself. */
const AFTER_MS = 100;

type Generation = ServedSession["generation"];

let isRehearsed = false;

/**
 * Goes through what a run does when its answer is here while there is nothing to do but wait for it: code is loaded,
 * compiled and run for the first time then, which is most of what that takes. Once a process.
 *
 * @returns ends it, where it is still to begin or goes on
 */
export function rehearseSoon(masking: Masking, generation: Generation): () => void {
  if (isRehearsed) return () => undefined;
  isRehearsed = true;
  const ending = new AbortController();
  const timer = setTimeout(() => {
    // What fails here fails again when it counts, and is told of then.
    rehearse(masking, ending.signal, generation).catch(() => undefined);
  }, AFTER_MS);
  timer.unref();
  return () => {
    clearTimeout(timer);
    ending.abort();
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
