import type { UserPrices } from "../../opencode/model.js";
import type { LoopTrace } from "../../trace/model.js";
import type { Finding } from "./finding.js";
import { sessionFindings } from "./session-findings.js";

/** A smaller share is not worth a word where advice was not asked for. */
const LEAST_SHARE = 0.05;

/** The dearest finding of some sessions, and how many more there are. */
export interface Dearest {
  readonly finding: Finding;
  /** In its session. */
  readonly others: number;
}

/** Collects the traces of sessions one after the other, so that not all of them stay in memory. */
export function dearestFinding(): {
  /** @param own the user's prices, which its calls were priced with */
  take(trace: LoopTrace, own?: UserPrices): void;
  /** undefined where there is none that is worth a word */
  finish(): Dearest | undefined;
} {
  let session: LoopTrace[] = [];
  let prices: UserPrices | undefined;
  let dearest: Dearest | undefined;
  const close = (): void => {
    const { findings } = sessionFindings(session, prices);
    const [finding, ...others] = findings;
    session = [];
    if (!finding || finding.share < Math.max(LEAST_SHARE, dearest?.finding.share ?? 0)) return;
    dearest = { finding, others: others.length };
  };
  return {
    take: (trace, own) => {
      if (session[0] && session[0].session.id !== trace.session.id) close();
      session.push(trace);
      prices = own;
    },
    finish: () => {
      close();
      return dearest;
    },
  };
}
