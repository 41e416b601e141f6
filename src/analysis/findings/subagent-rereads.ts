import { count, plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import type { Loop } from "../../trace/model.js";
import type { Prices } from "../../trace/token-prices.js";
import { allPaid, paidForResult } from "./carried.js";
import { type Conversation, placeOf, type Talks, type TalkTool, toolsOf } from "./conversation.js";
import { type FileRead, type KnownFiles, knownFiles, readOf, shortPath } from "./file-reads.js";
import type { Found } from "./finding.js";

/** A subagent that looks into one file again does no harm. */
const LEAST_FILES = 2;
const LEAST_TOKENS = 2000;
const NAMED = 3;

/** Subagents that read what the loop above them had read before it started them, and nothing had changed since. */
export function subagentRereads(talks: Talks, prices: Prices): readonly Found[] {
  const byAgent = new Map<
    string,
    { conversation: Conversation; reads: readonly FileRead[]; loops: ReadonlySet<Loop> }[]
  >();
  const knownBefore = whatWasKnown(talks);
  for (const conversation of talks.conversations) {
    const reads = readAgain(talks, conversation, knownBefore);
    const [first] = conversation.steps;
    if (!first || new Set(reads.map(({ file }) => file)).size < LEAST_FILES) continue;
    const agent = first.loop.agent ?? "subagent";
    const loops = new Set(reads.map(({ loop }) => loop));
    byAgent.set(agent, [...(byAgent.get(agent) ?? []), { conversation, reads, loops }]);
  }
  return [...byAgent].flatMap(([agent, some]): Found[] => {
    const reads = some.flatMap((one) => one.reads);
    const paid = allPaid(
      some.flatMap(({ conversation, reads: own }) => own.map((read) => paidForResult(conversation, read, prices))),
    );
    if (paid.tokens < LEAST_TOKENS) return [];
    const files = [...new Set(reads.map(({ file }) => file))];
    const names = files.slice(0, NAMED).map((file) => oneLine(shortPath(file, talks.directory)));
    const more = files.length > NAMED ? ` and ${files.length - NAMED} more` : "";
    const subagents = some.reduce((sum, { loops }) => sum + loops.size, 0);
    return [
      {
        kind: "subagent-reread",
        subject: agent,
        title: `Subagents (${oneLine(agent)}) read again what was read before they began`,
        where: reads.map((read) => placeOf(talks, read, read.tool.spanId)),
        tokens: paid.tokens,
        ms: reads.reduce((sum, { tool }) => sum + Math.max(0, tool.end - tool.start), 0),
        usd: paid.usd,
        advice:
          "Start the subagent before reading what only it needs, or put what it needs to know into its prompt: a subagent sees nothing of what was read above it.",
        evidence: [
          `${plural(subagents, "subagent")} read ${plural(files.length, "file")} that had not changed: ${names.join(", ")}${more}`,
          `${count(paid.size)} tokens of results, sent with ${plural(paid.calls.size, "call")}`,
        ],
      },
    ];
  });
}

/** The reads of a subagent that told nothing new, were it not a subagent. */
function readAgain(
  { directory, above }: Talks,
  conversation: Conversation,
  knownBefore: ReturnType<typeof whatWasKnown>,
): readonly FileRead[] {
  const found: FileRead[] = [];
  const seen = new Set<string>();
  for (const one of toolsOf(conversation)) {
    const parent = above.get(one.loop);
    const read = parent && readOf(one, directory);
    // What the subagent itself reads again is told of by itself.
    if (!parent || !read || seen.has(read.file)) continue;
    seen.add(read.file);
    if (knownBefore(one.loop, parent).find(read)) found.push(read);
  }
  return found;
}

/** What a loop had read before it started a subagent; worked out once, since there may be hundreds in one loop. */
function whatWasKnown({ conversations, directory }: Talks): (loop: Loop, parent: Loop) => KnownFiles {
  const toolsOfLoop = new Map<Loop, TalkTool[]>();
  for (const one of conversations.flatMap(toolsOf)) {
    const own = toolsOfLoop.get(one.loop);
    if (own) own.push(one);
    else toolsOfLoop.set(one.loop, [one]);
  }
  const known = new Map<Loop, KnownFiles>();
  return (loop, parent) => {
    const before = known.get(loop);
    if (before) return before;
    const own = knownFiles(directory);
    for (const one of toolsOfLoop.get(parent) ?? []) if (one.tool.end <= loop.start) own.take(one);
    known.set(loop, own);
    return own;
  };
}
