import { duration, plural } from "../../text/format.js";
import type { Retry } from "../../trace/model.js";
import { placeOf, stepsText, type TalkStep, type Talks } from "./conversation.js";
import type { Found } from "./finding.js";

/** Providers fail now and then. */
const LEAST_MS = 20_000;
const LEAST_TIMES = 2;

/** Requests that failed and were made again, by why they failed. */
export function retries(talks: Talks): readonly Found[] {
  const byCode = new Map<string, { readonly one: TalkStep; readonly retry: Retry }[]>();
  for (const { steps } of talks.conversations) {
    for (const one of steps) {
      for (const retry of one.step.retries) {
        const code = retry.error?.code ?? "broken stream";
        byCode.set(code, [...(byCode.get(code) ?? []), { one, retry }]);
      }
    }
  }
  return [...byCode].flatMap(([code, dead]): Found[] => {
    const ms = dead.reduce((sum, { retry }) => sum + retry.end - retry.start, 0);
    if (dead.length < LEAST_TIMES || ms < LEAST_MS) return [];
    const where = dead.map(({ one, retry }) => placeOf(talks, one, retry.spanId));
    return [
      {
        kind: "retries",
        subject: code,
        title: `Requests failed and were made again: ${code}`,
        where,
        tokens: null,
        ms,
        usd: null,
        advice:
          code === "rate_limit"
            ? "Run fewer tasks at a time, ask the provider for a higher limit, or name another model to go on with (`--fallback-model`)."
            : "Name another model or provider to go on with (`--fallback-model`); `looptrace wire` shows the request ids for the provider's support.",
        evidence: [
          `${plural(dead.length, "attempt")} in ${stepsText(where)} took ${duration(ms)}, with the waits after them`,
        ],
      },
    ];
  });
}
