import { count, plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import type { Loop } from "../../trace/model.js";
import type { Prices } from "../../trace/token-prices.js";
import { allPaid, paidForResult } from "./carried.js";
import { type Conversation, placeOf, stepsText, type Talks } from "./conversation.js";
import { knownFiles, type Reread, shortPath } from "./file-reads.js";
import type { Found } from "./finding.js";
import type { InVain } from "./in-vain.js";

/** Less is not worth a word. */
const LEAST_TOKENS = 500;

/**
 * Files that the model read again in the same turn, although it had their content and nothing that is known of had
 * changed them. In another turn a person may have.
 */
export function repeatedReads(talks: Talks, prices: Prices, inVain: InVain): readonly Found[] {
  return talks.conversations.flatMap((conversation) => {
    const byFile = new Map<string, Reread[]>();
    for (const one of rereadsIn(conversation, talks.directory, inVain)) {
      const some = byFile.get(one.again.file);
      if (some) some.push(one);
      else byFile.set(one.again.file, [one]);
    }
    return [...byFile].flatMap(([file, rereads]): Found[] => {
      const paid = allPaid(rereads.map(({ again }) => paidForResult(conversation, again, prices)));
      const [first] = rereads;
      if (!first || paid.tokens < LEAST_TOKENS) return [];
      const where = rereads.map(({ again }) => placeOf(talks, again, again.tool.spanId));
      const had = placeOf(talks, first.before, first.before.tool.spanId);
      const name = oneLine(shortPath(file, talks.directory));
      return [
        {
          kind: "repeated-read",
          subject: file,
          title: `${name} was read again unchanged`,
          where,
          tokens: paid.tokens,
          ms: rereads.reduce((sum, { again: { tool } }) => sum + Math.max(0, tool.end - tool.start), 0),
          usd: paid.usd,
          advice:
            "Its content was in the context already. Say in AGENTS.md that files which did not change need not be read again, or ask for the part that is needed.",
          evidence: [
            `read in ${stepsText([had])}, and again in ${stepsText(where)}: ${plural(rereads.length, "time")} without a new line`,
            `${count(paid.size)} tokens of results, sent with ${plural(paid.calls.size, "call")}`,
          ],
        },
      ];
    });
  });
}

function rereadsIn(conversation: Conversation, directory: string, inVain: InVain): readonly Reread[] {
  const found: Reread[] = [];
  let known = knownFiles(directory);
  let turn: Loop | undefined;
  for (const [at, one] of conversation.steps.entries()) {
    // What was summed up is in the context no more.
    if (one.loop !== turn || one.step.kind === "compaction") known = knownFiles(directory);
    turn = one.loop;
    for (const tool of one.step.tools) {
      const reread = known.take({ ...one, tool, at });
      // Those of the same step were asked for before the first one was told.
      if (reread && reread.before.at !== at && !inVain.has(tool)) found.push(reread);
    }
  }
  return found;
}
