import { count, plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import type { Loop } from "../../trace/model.js";
import type { Prices } from "../../trace/token-prices.js";
import { allPaid, paidForResult } from "./carried.js";
import { type Conversation, placeOf, type Talks, type TalkTool, toolsOf } from "./conversation.js";
import { type FileRead, knownFiles, readOf, shortPath } from "./file-reads.js";
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
  for (const conversation of talks.conversations) {
    const reads = readAgain(talks, conversation);
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
function readAgain({ conversations, directory, above }: Talks, conversation: Conversation): readonly FileRead[] {
  const found: FileRead[] = [];
  const seen = new Set<string>();
  for (const one of toolsOf(conversation)) {
    const parent = above.get(one.loop);
    const read = parent && readOf(one, directory);
    // What the subagent itself reads again is told of by itself.
    if (!parent || !read || seen.has(read.file)) continue;
    seen.add(read.file);
    const told = conversations.find(({ sessionId }) => sessionId === parent.sessionId);
    const before = told ? toolsOf(told).filter(({ loop, tool }) => loop === parent && tool.end <= one.loop.start) : [];
    if (knownAfter(before, directory).find(read)) found.push(read);
  }
  return found;
}

function knownAfter(tools: readonly TalkTool[], directory: string): ReturnType<typeof knownFiles> {
  const known = knownFiles(directory);
  for (const tool of tools) known.take(tool);
  return known;
}
