/** What spans say of the requests that were recorded, whoever reads the spans. */
import type { WireFacts, WireTables } from "../../trace/model.js";
import { ownerName } from "../../wire/segments/owner-names.js";
import type { SpanFacts } from "./span-facts.js";

/** Where the times are from, how the request went, and what the model had at hand. */
export function requestFacts(
  { wire, start }: { readonly wire?: WireFacts; readonly start: number },
  tables: WireTables | undefined,
): SpanFacts {
  if (!wire) return {};
  const { request } = wire;
  const since = (at: number | null): number | undefined =>
    at === null ? undefined : Math.round(Math.max(0, at - start) * 10) / 10;
  return {
    evidence: "wire",
    httpStatus: wire.status,
    requestId: wire.requestId,
    requestBytes: wire.requestBytes,
    responseBytes: wire.responseBytes,
    timeToHeadersMs: since(wire.headersAt),
    timeToFirstByteMs: since(wire.firstByteAt),
    responseHeaders: Object.keys(wire.headers).length > 0 ? wire.headers : undefined,
    availableTools: request && toolNames(request.segments, tables),
    promptTokensBy: request && tokensByOwner(request.segments, tables),
  };
}

/** By what two prompts, and two lists of tools, can be told apart. */
export function givenHashes({ wire }: { readonly wire?: WireFacts }): SpanFacts {
  if (!wire) return {};
  return { systemPromptHash: wire.request?.systemHash, toolsHash: wire.request?.toolsHash };
}

function toolNames(
  segments: readonly (readonly [segment: number, tokens: number])[],
  tables: WireTables | undefined,
): readonly string[] | undefined {
  const names = segments.flatMap(([place]) => {
    const owner = tables?.segments[place]?.owner;
    return owner?.kind === "tool-schema" ? [owner.tool] : [];
  });
  return names.length > 0 ? [...new Set(names)] : undefined;
}

/** Whose the tokens of a prompt are, as `looptrace context` names the owners; the one with most tokens first. */
function tokensByOwner(
  segments: readonly (readonly [segment: number, tokens: number])[],
  tables: WireTables | undefined,
): Readonly<Record<string, number>> | undefined {
  const sums = new Map<string, number>();
  for (const [place, tokens] of segments) {
    const owner = tables?.segments[place]?.owner;
    if (!owner || tokens === 0) continue;
    const name = ownerName(owner);
    sums.set(name, (sums.get(name) ?? 0) + tokens);
  }
  return sums.size > 0 ? Object.fromEntries([...sums].sort(([, a], [, b]) => b - a)) : undefined;
}
