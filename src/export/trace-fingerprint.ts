import { createHash } from "node:crypto";
import type { Fingerprint } from "../deliver/receipts/fingerprint.js";
import type { TraceOptions } from "../otel/options.js";
import type { Loop, LoopTrace } from "../trace/model.js";

/**
 * looptrace itself adds it where it runs opencode, and cannot know it of a past session: no setting of the caller's.
 */
const OWN_METADATA = "gitCommit";

/**
 * How a trace looks: `settings` by what the caller says of it, `whole` also by how far the turn has come.
 *
 * Only what opencode recorded counts for the turn, and no text of it: that may be masked otherwise elsewhere. Times,
 * retries and errors may also depend on the log, and a trace that is computed without it is no news.
 */
export function traceFingerprint(
  { loop }: LoopTrace,
  options: TraceOptions,
): { readonly settings: Fingerprint; readonly whole: Fingerprint } {
  const { traceName, userId, tags, environment, release, metadata, content = true, prices } = options;
  const { [OWN_METADATA]: _own, ...own } = metadata ?? {};
  const settings = [traceName, userId, tags ?? [], environment, release, own, content, ...(prices ? [prices] : [])];
  return { settings: digest(settings), whole: `${digest(settings)}-${digest(progressOf(loop))}` };
}

function progressOf(loop: Loop): unknown {
  const steps: unknown[] = loop.steps.map(({ messageId, call, tools, loops }) => [
    messageId,
    call?.finish,
    tools.map(({ partId, status, loops }) => [partId, status, loops.map(progressOf)]),
    ...(loops.length > 0 ? [loops.map(progressOf)] : []),
  ]);
  // Without any of them what was sent before they were looked for looks the same.
  return loop.loops.length > 0 ? [...steps, loop.loops.map(progressOf)] : steps;
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 8);
}
