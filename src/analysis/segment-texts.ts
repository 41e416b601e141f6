import { segmentHash } from "../trace/wire-tables.js";
import type { WireExchange } from "../wire/model.js";
import { RequestReader } from "../wire/protocol/parse-request.js";
import type { Segment } from "../wire/segment.js";
import { NO_OWNER_FACTS } from "../wire/segments/owner-facts.js";
import { segmentsOfRequest } from "../wire/segments/segments-of.js";

/** The text of a part of requests by its hash, as `SegmentFacts` has it; undefined where it was not recorded. */
export type SegmentTexts = (hash: string) => string | undefined;

/**
 * What the parts of recorded requests say: a trace has their hashes alone. The requests are cut when the first text is
 * asked for; whose a part is does not change where it is cut.
 */
export function segmentTexts(exchanges: readonly WireExchange[]): SegmentTexts {
  let known: ReadonlyMap<string, string> | undefined;
  return (hash) => {
    known ??= textsOf(exchanges);
    return known.get(hash);
  };
}

function textsOf(exchanges: readonly WireExchange[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const seen = new Set<string>();
  const known = new WeakSet<Segment>();
  const reader = new RequestReader();
  for (const exchange of exchanges) {
    // An attempt that was made again says the same.
    if (seen.has(exchange.body.hash)) continue;
    seen.add(exchange.body.hash);
    const request = reader.read(exchange);
    for (const segment of request ? segmentsOfRequest(request, NO_OWNER_FACTS) : []) {
      if (segment.text === "" || known.has(segment)) continue;
      known.add(segment);
      texts.set(segmentHash(segment.text), segment.text);
    }
  }
  return texts;
}
