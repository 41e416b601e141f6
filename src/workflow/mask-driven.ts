import { type Mask, type Masking, maskFor } from "../masking/mask.js";
import type { DriveResult } from "../opencode/drive.js";

/** What a run of opencode brought, as it may be kept, shown and sent. */
export async function maskDriven(driven: DriveResult, masking: Masking | undefined): Promise<DriveResult> {
  const { tree, streamErrors, logText, stderrTail, notes, progress, raw } = driven;
  // All of the tree stands in the exports that it was read from.
  const exports = [...raw.values()].map((text): unknown => JSON.parse(text));
  const mask = await maskFor([exports, streamErrors, logText, stderrTail, notes, progress], masking);
  const own = {
    tree: mask(tree),
    streamErrors: mask(streamErrors),
    logText: mask(logText),
    stderrTail: mask(stderrTail),
    notes: mask(notes),
    progress: mask(progress),
  };
  return { ...driven, ...own, raw: maskedExports(raw, mask) };
}

/** Exports as opencode wrote them, by session id, as they may be kept. */
export function maskedExports(raw: ReadonlyMap<string, string>, mask: Mask): ReadonlyMap<string, string> {
  return new Map([...raw].map(([id, text]) => [id, mask.json(text)]));
}
