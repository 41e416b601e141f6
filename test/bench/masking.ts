import { builtUrl } from "./built.js";
import { alternate, type Comparison } from "./measure.js";
import type { Plan } from "./sizes.js";
import { syntheticSession } from "./synthetic-session.js";

/**
 * Looking for secrets in a session and masking them, as before each sending and keeping, against JSON.parse of its
 * exports.
 */
export async function compareMasking({ maskedMb, maskingRounds }: Plan): Promise<readonly Comparison[]> {
  const { maskFor } = (await import(builtUrl("masking/mask.js"))) as typeof import("../../src/masking/mask.js");
  const { exports, bytes } = syntheticSession(maskedMb * 1e6);
  const parsed = exports.map((text): unknown => JSON.parse(text));
  const figures = await alternate(
    {
      looptrace: async () => (await maskFor([parsed], { environment: {} }))(parsed),
      bare: () => exports.map((text): unknown => JSON.parse(text)),
    },
    maskingRounds,
    1,
  );
  const speed = bytes / 1e6 / (figures.looptrace / 1000);
  return [
    {
      name: `secrets found and masked, ${maskedMb} MB (bare: JSON.parse)`,
      unit: "ms",
      ...figures,
      rounds: maskingRounds,
      note: `${speed.toFixed(1)} MB/s`,
    },
  ];
}
