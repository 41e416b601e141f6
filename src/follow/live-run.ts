import type { TraceExporter } from "../export/trace-exporter.js";
import type { Masking } from "../masking/mask.js";
import type { ServedSession } from "../opencode/drive.js";
import { readLogEvidence } from "../opencode/evidence.js";
import { LONGEST_LOG_BYTES, readBounded } from "../opencode/program.js";
import { evidenceWithin, followRun } from "../opencode/server.js";
import type { TraceOptions } from "../otel/options.js";
import { type LiveTracer, liveTracer } from "./live-trace.js";

/** Where what is closed of a turn goes while it runs; the same as what its whole trace is sent with later. */
export interface LiveDelivery {
  /** Sends what is closed. */
  readonly exporter: TraceExporter;
  /** What its trace says; default what the exporter's all say. */
  readonly trace?: TraceOptions | undefined;
}

/** The run that is at work. */
export interface RunAtWork {
  readonly id: string;
  readonly attempt: number;
  /** ms since the epoch */
  readonly startedAt: number;
}

/**
 * Sends what is closed of a driven turn while it is at work, with the evidence that its whole trace will have: the
 * spans are the same, whenever they are sent.
 *
 * @returns to be called when the turn is over: nothing is sent by this any more when it settles
 */
export function liveRun(
  served: ServedSession,
  run: RunAtWork,
  delivery: LiveDelivery & { readonly masking: Masking },
): () => Promise<void> {
  const { sessionId, logPath, logFrom } = served;
  const ending = new AbortController();
  const tracer: LiveTracer = liveTracer({
    ...delivery,
    ready: async () => void (await served.version.catch(() => null)),
    sessionOf: async () => {
      // Only for a look, not for each change: a turn has a hundred thousand of them, and a log that grows with it.
      const log = readLogEvidence(await readBounded(logPath, LONGEST_LOG_BYTES, logFrom).catch(() => ""));
      const version = await served.version.catch(() => null);
      const now = followed.now();
      if (!now) return undefined;
      const { tree, family, evidence } = now;
      const told = evidenceWithin(evidence, family, run.startedAt, Number.POSITIVE_INFINITY);
      const atWork = {
        ...run,
        ...(version !== null && { opencode: version }),
        exit: { kind: "served" as const },
        endedAt: Number.MAX_SAFE_INTEGER,
        stderr: "",
        streamErrors: [],
        retries: [...told.retries],
        permissions: told.permissions.map(({ requestId: _, ...permission }) => permission),
      };
      return { tree, evidence: { log, runs: [atWork], mcpServers: served.mcpServers } };
    },
  });
  const onChange = (): void => tracer.update(sessionId);
  const followed = followRun(served, { signal: ending.signal, onChange });
  return async () => {
    ending.abort();
    await Promise.all([followed.ended, tracer.release(sessionId)]);
  };
}
