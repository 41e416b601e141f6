import type { SegmentOwner } from "../segment.js";

/**
 * Things in the order in which a model reads them, which is that of a provider's cache, whatever the order of a body's
 * fields is: tools, system prompt, messages.
 */
export function inPromptOrder<T>(parts: readonly T[], ownerOf: (part: T) => SegmentOwner): readonly T[] {
  return [...parts].sort((one, other) => rankOf(ownerOf(one)) - rankOf(ownerOf(other)));
}

function rankOf({ kind }: SegmentOwner): number {
  if (kind === "tool-schema") return 0;
  return kind === "system" ? 1 : 2;
}
