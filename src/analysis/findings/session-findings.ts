import type { UserPrices } from "../../opencode/model.js";
import type { LoopTrace } from "../../trace/model.js";
import { otherCallsIn } from "../../trace/other-calls.js";
import { pricesOf } from "../../trace/token-prices.js";
import { addCost, recordedUsage, totalTokens } from "../../trace/usage.js";
import { billedSession } from "../context-bill.js";
import { cacheBreaks } from "./cache-breaks.js";
import { callCycles } from "./call-cycles.js";
import { callsOf, type Talks, talksOf } from "./conversation.js";
import { doomLoops } from "./doom-loops.js";
import type { Finding, Found } from "./finding.js";
import { inVainIn } from "./in-vain.js";
import { permissionWaits } from "./permission-waits.js";
import { promptFindings } from "./prompt-bill.js";
import { repeatedFailures } from "./repeated-failures.js";
import { repeatedReads } from "./repeated-reads.js";
import { retries } from "./retries.js";
import { subagentRereads } from "./subagent-rereads.js";
import { thinking } from "./thinking.js";
import { truncatedOutputs } from "./truncated-outputs.js";

/** What a session took as a whole, to hold findings against. */
export interface SessionSize {
  /** USD; null where opencode knows no price. */
  readonly usd: number | null;
  readonly tokens: number;
  readonly ms: number;
}

/** What could have been spared in a session. */
export interface SessionFindings {
  readonly sessionId: string;
  readonly title: string;
  /** The one with the largest share first. */
  readonly findings: readonly Finding[];
  readonly size: SessionSize;
  /** Model calls that were looked at. */
  readonly calls: number;
  /** Those of them whose requests were recorded: without, nothing is known of tools and instructions in the prompt. */
  readonly recordedCalls: number;
  /** MCP servers whose tools were called. */
  readonly servers: readonly string[];
}

/** A finding of a smaller share is not worth a reader's time. */
const LEAST_SHARE = 0.01;

/**
 * What could have been spared in a session, each with what shows it and what to do. Silent where the evidence is thin:
 * below a number of observations, and where it is less than a hundredth of the session.
 *
 * @param traces those of one session, in its order; turns that a fork copied count nothing
 * @param own the user's prices, which the calls were priced with
 */
export function sessionFindings(traces: readonly LoopTrace[], own?: UserPrices): SessionFindings {
  const talks = talksOf(traces);
  const prices = pricesOf(callsOf(talks), own);
  const cycles = callCycles(talks, inVainIn(talks.conversations));
  const { inVain } = cycles;
  const size = sizeOf(talks);
  const found: readonly Found[] = [
    ...doomLoops(talks),
    ...cycles.found,
    ...repeatedReads(talks, prices, inVain),
    ...subagentRereads(talks, prices),
    ...repeatedFailures(talks, inVain),
    ...truncatedOutputs(talks, prices, inVain),
    ...promptFindings(billedSession(talks.traces), talks.directory, own),
    ...cacheBreaks(talks),
    ...thinking(talks, prices),
    ...permissionWaits(talks),
    ...retries(talks),
  ];
  const calls = callsOf(talks);
  const tools = talks.conversations.flatMap(({ steps }) => steps.flatMap(({ step }) => step.tools));
  return {
    sessionId: talks.sessionId,
    title: traces[0]?.session.title ?? "",
    findings: found
      .map((one) => ({ ...one, share: shareOf(one, size) }))
      .filter(({ share }) => share >= LEAST_SHARE)
      .toSorted((a, b) => b.share - a.share),
    size,
    calls: calls.length,
    recordedCalls: calls.filter(({ wire }) => wire?.request).length,
    servers: [
      ...new Set(
        tools
          .flatMap(({ server, innerCalls }) => [server, ...innerCalls.map((inner) => inner.server)])
          .flatMap((name) => name ?? []),
      ),
    ],
  };
}

/** The largest of its shares of a whole, at most 1: what was paid for a text adds up to more than once its size. */
export function shareOf({ usd, tokens, ms }: Pick<Found, "usd" | "tokens" | "ms">, size: SessionSize): number {
  const of = (part: number | null, whole: number | null): number => (part === null || !whole ? 0 : part / whole);
  return Math.min(1, Math.max(of(usd, size.usd), of(tokens, size.tokens), of(ms, size.ms)));
}

function sizeOf(talks: Talks): SessionSize {
  const calls = callsOf(talks);
  const others = talks.traces.flatMap(({ loop }) => otherCallsIn(loop));
  return {
    usd: [...calls, ...others].reduce<number | null>((sum, { cost }) => addCost(sum, cost), null),
    tokens: calls.reduce((sum, call) => sum + totalTokens(recordedUsage(call)), 0),
    ms: talks.traces.reduce((sum, { loop }) => sum + loop.end - loop.start, 0),
  };
}
