/** What the way a run ended says; apart from the schema, which few who ask need. */
import type { ProcessEnd } from "../../errors/turn-evidence.js";
import type { RunEvidence } from "./run-evidence.js";

/** Whether looptrace wanted the turn to end before its time, however it drove opencode. */
export function isWantedEnd(run: RunEvidence | null): boolean {
  if (!run) return false;
  const by = processEndOf(run)?.by;
  return run.halted !== undefined || by === "deadline" || by === "caller";
}

/**
 * What the way a run ended says about a turn without an answer; undefined where no process ended and no end was asked
 * for.
 */
export function processEndOf({
  exit,
  startedAt,
  endedAt,
}: Pick<RunEvidence, "exit" | "startedAt" | "endedAt">): ProcessEnd | undefined {
  const afterMs = endedAt - startedAt;
  switch (exit.kind) {
    case "exited":
      return { exitCode: exit.code, by: exit.asked ?? "other", afterMs };
    case "signalled":
      return { signal: exit.signal, by: exit.by, afterMs };
    case "served":
      return exit.asked === undefined ? undefined : { by: exit.asked, afterMs };
    case "abandoned":
      return { by: "other", abandoned: true };
  }
}

/** Whether looptrace itself had a server abort the turn, at a deadline, a limit, or on the caller's wish. */
export function isOwnAbort(run: RunEvidence | null): boolean {
  return run?.exit.kind === "served" && (run.exit.asked !== undefined || run.halted !== undefined);
}
