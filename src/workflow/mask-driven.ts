import { type Mask, type Masking, maskFor } from "../masking/mask.js";
import type { DriveResult } from "../opencode/drive.js";
import type { Halt } from "../trace/evidence.js";

/**
 * What a run of opencode brought, as it may be kept, shown and sent.
 *
 * @param halted why looptrace ended it, if it did: it may quote what the model wrote
 */
export async function maskDriven(
  driven: DriveResult,
  halted: Halt | undefined,
  masking: Masking,
): Promise<{ readonly driven: DriveResult; readonly halted: Halt | undefined }> {
  const { tree, streamErrors, logText, stderrTail, notes, progress, raw } = driven;
  // All of the tree stands in the exports that it was read from.
  const exports = [...raw.values()].map((text): unknown => JSON.parse(text));
  const mask = await maskFor([exports, streamErrors, logText, stderrTail, notes, progress, halted], masking);
  const own = {
    tree: mask(tree),
    streamErrors: mask(streamErrors),
    logText: mask(logText),
    stderrTail: mask(stderrTail),
    notes: mask(notes),
    progress: mask(progress),
  };
  return { driven: { ...driven, ...own, raw: maskedExports(raw, mask) }, halted: mask(halted) };
}

/** Exports as opencode wrote them, by session id, as they may be kept. */
export function maskedExports(raw: ReadonlyMap<string, string>, mask: Mask): ReadonlyMap<string, string> {
  return new Map([...raw].map(([id, text]) => [id, mask.json(text)]));
}
