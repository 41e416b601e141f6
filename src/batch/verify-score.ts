import type { NewScore } from "../scores/new-score.js";
import { duration } from "../text/format.js";
import type { Verified } from "./verify.js";

/** What a task's verify command said, as a score of its turn. @param content whether its output may be told */
export function verifyScore(verified: Verified, content: boolean): NewScore {
  const { passed, exitCode, signal, timedOut, durationMs, output } = verified;
  const how = timedOut ? "timed out" : exitCode !== null ? `exit ${exitCode}` : (signal ?? "could not be started");
  const told = `${how} after ${duration(durationMs)}`;
  const said = content ? output.trim() : "";
  return { name: "verify", value: passed, comment: said === "" ? told : `${told}\n${said}` };
}
