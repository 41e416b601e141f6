import { type Mask, type Masking, maskFor } from "../masking/mask.js";
import type { DriveResult } from "../opencode/drive.js";
import type { Halt } from "../trace/evidence.js";

/** What looptrace itself found out about a run; it may quote what the model wrote. */
export interface Findings {
  /** Why looptrace ended it, if it did. */
  readonly halted: Halt | undefined;
  /** Where its structured answer does not fit. */
  readonly schemaProblems: readonly string[];
}

/** What a run of opencode brought, as it may be kept, shown and sent. */
export async function maskDriven(
  driven: DriveResult,
  findings: Findings,
  masking: Masking,
): Promise<Findings & { readonly driven: DriveResult }> {
  const { tree, streamErrors, permissions, retries, logText, stderrTail, notes, progress, raw, mcpServers } =
    driven;
  // All of the tree stands in the exports that it was read from.
  const exports = [...raw.values()].map((text): unknown => JSON.parse(text));
  const told = [
    streamErrors,
    permissions,
    retries,
    logText,
    stderrTail,
    notes,
    progress,
    findings,
    mcpServers,
  ];
  const mask = await maskFor([exports, told], masking);
  const own = {
    tree: mask(tree),
    streamErrors: mask(streamErrors),
    permissions: mask(permissions),
    retries: mask(retries),
    logText: mask(logText),
    stderrTail: mask(stderrTail),
    notes: mask(notes),
    mcpServers: mask(mcpServers),
    progress: mask(progress),
  };
  return { driven: { ...driven, ...own, raw: maskedExports(raw, mask) }, ...mask(findings) };
}

/** Exports as opencode wrote them, by session id, as they may be kept. */
export function maskedExports(raw: ReadonlyMap<string, string>, mask: Mask): ReadonlyMap<string, string> {
  return new Map([...raw].map(([id, text]) => [id, mask.json(text)]));
}
