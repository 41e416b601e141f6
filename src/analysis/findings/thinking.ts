import { count, plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import type { Call } from "../../trace/model.js";
import type { Prices } from "../../trace/token-prices.js";
import { sureUsageOf } from "../../trace/usage.js";
import { modelName } from "../row-texts.js";
import { callsOf, type Talks } from "./conversation.js";
import type { Found } from "./finding.js";

const LEAST_CALLS = 5;
const LEAST_TOKENS = 5000;
/** What it thinks, against what it writes, the arguments of tools included. */
const LEAST_RATIO = 2;

/** Models that thought far more than they wrote, as far as providers count both apart. */
export function thinking(talks: Talks, prices: Prices): readonly Found[] {
  const byModel = new Map<string, Call[]>();
  for (const call of callsOf(talks)) {
    const name = modelName(call.model);
    if (name !== null && sureUsageOf("output", call)) byModel.set(name, [...(byModel.get(name) ?? []), call]);
  }
  return [...byModel].flatMap(([name, calls]): Found[] => {
    const [first] = calls;
    const used = calls.flatMap((call) => sureUsageOf("output", call) ?? []);
    const thought = used.reduce((sum, { reasoning }) => sum + reasoning, 0);
    const written = used.reduce((sum, { output }) => sum + output, 0);
    if (!first || calls.length < LEAST_CALLS || thought < LEAST_TOKENS || thought < LEAST_RATIO * written) return [];
    const price = prices(first.model).perToken;
    return [
      {
        kind: "thinking",
        subject: name,
        title: `${oneLine(name)} thinks far more than it writes`,
        where: [],
        tokens: thought,
        ms: null,
        usd: price && thought * price.output,
        advice:
          "If the tasks are simple, try a lower reasoning effort (`--variant low`, where the model has one), and compare with `looptrace diff`.",
        evidence: [
          `${count(thought)} tokens of thinking, ${count(written)} of answers and tool calls, in ${plural(calls.length, "call")}`,
        ],
      },
    ];
  });
}
