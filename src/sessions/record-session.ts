import type { StorePaths } from "../files/store-paths.js";
import { type Masking, maskFor } from "../masking/mask.js";
import type { ExportResult } from "../opencode/commands.js";
import { readLogEvidence } from "../opencode/evidence.js";
import type { RunEvidence } from "../trace/evidence.js";
import type { LoopTrace } from "../trace/model.js";
import { traceSession } from "../trace/trace-session.js";
import { maskedExports } from "./mask-driven.js";
import { keepSession, keptSession } from "./session-store.js";

/** A session of somebody else's opencode, as it was seen. */
export interface SeenSession {
  readonly read: Pick<ExportResult, "tree" | "raw">;
  /** What opencode logged about it, all of it. */
  readonly logText?: string | undefined;
  /** How turns of it ended. */
  readonly runs?: readonly RunEvidence[] | undefined;
  /** The names of the MCP servers that opencode had; undefined where it did not say. */
  readonly mcpServers?: readonly string[] | undefined;
}

export interface RecordOptions {
  readonly paths: StorePaths;
  readonly masking: Masking | undefined;
}

/** Secrets are masked in all of it. */
export interface RecordedSession {
  /** Of all turns of the session, with all that is known of them. */
  readonly traces: readonly LoopTrace[];
  readonly kept: boolean;
  /** What could not be done, a sentence each. */
  readonly notes: readonly string[];
}

/** Keeps a session as it was seen, masked, and computes its traces with what was kept of it before. Never throws for what disks do. */
export async function recordSession(
  seen: SeenSession,
  { paths, masking }: RecordOptions,
): Promise<RecordedSession> {
  const { read, logText = "", runs = [], mcpServers } = seen;
  const rootId = read.tree.session.info.id;
  const exports = [...read.raw.values()].map((text): unknown => JSON.parse(text));
  const mask = await maskFor([exports, logText, runs, mcpServers], masking);
  const masked = {
    tree: mask(read.tree),
    logText: mask(logText),
    runs: mask(runs),
    mcpServers: mcpServers && mask(mcpServers),
  };
  const notes: string[] = [];
  let kept = true;
  try {
    const sighting = {
      rootId,
      raw: maskedExports(read.raw, mask),
      logText: masked.logText,
      mcpServers: masked.mcpServers,
    };
    await keepSession(paths, sighting);
    for (const run of masked.runs) await keepSession(paths, { rootId, raw: new Map(), run });
  } catch (error) {
    kept = false;
    notes.push(`The session could not be kept below ${paths.sessions}: ${messageOf(error)}`);
  }
  const before = kept ? await keptSession(paths, rootId).catch(() => undefined) : undefined;
  const evidence = {
    log: readLogEvidence(before?.logText || masked.logText),
    runs: before?.runs ?? masked.runs,
    mcpServers: before?.mcpServers ?? masked.mcpServers ?? [],
  };
  return { traces: traceSession(masked.tree, evidence), kept, notes };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
