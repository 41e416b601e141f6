import type { Masking } from "../masking/mask.js";

/** A masking that masks also the keys with which something is sent: they are never meant to be sent themselves. */
export function maskingWithKeys(masking: Masking | undefined, keys: readonly string[]): Masking {
  if (masking === false) return { environment: {}, knownShapes: false, secrets: keys };
  return { ...masking, secrets: [...(masking?.secrets ?? []), ...keys] };
}
