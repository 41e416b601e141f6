import { count, plural } from "../../text/format.js";
import { fieldsOf } from "../../text/json-fields.js";
import { oneLine } from "../../text/terminal-text.js";
import type { Tool } from "../../trace/model.js";
import { signatureOf } from "../../trace/signature.js";
import type { Prices } from "../../trace/token-prices.js";
import { allPaid, paidForResult } from "./carried.js";
import { type Conversation, placeOf, stepsText, type Talks, type TalkTool, toolsOf } from "./conversation.js";
import type { Found } from "./finding.js";
import type { InVain } from "./in-vain.js";

const LEAST_TOKENS = 1000;
const MOST_WORDS = 60;
const SHELLS: ReadonlySet<string> = new Set(["bash", "shell"]);

/** A truncated output, and the calls that asked for what was missing. */
interface Truncated {
  readonly first: TalkTool;
  readonly again: readonly TalkTool[];
}

/**
 * Outputs that opencode truncated, so that the model asked again: it ran the command once more with something behind
 * it, or opened the file that opencode had put the whole into. The next pages of a file are no such thing.
 */
export function truncatedOutputs(talks: Talks, prices: Prices, inVain: InVain): readonly Found[] {
  return talks.conversations.flatMap((conversation) => {
    const bySubject = new Map<string, Truncated[]>();
    for (const one of askedAgain(conversation, inVain)) {
      const subject = subjectOf(one.first.tool);
      bySubject.set(subject, [...(bySubject.get(subject) ?? []), one]);
    }
    return [...bySubject].flatMap(([subject, some]): Found[] => {
      const paid = allPaid(some.map(({ first }) => paidForResult(conversation, first, prices)));
      if (paid.tokens < LEAST_TOKENS) return [];
      const again = some.flatMap((one) => one.again);
      const where = some
        .flatMap(({ first, again: next }) => [first, ...next])
        .map((one) => placeOf(talks, one, one.tool.spanId));
      const reruns = again.filter(({ tool }) => tool.name === some[0]?.first.tool.name);
      return [
        {
          kind: "truncated-output",
          subject,
          title: `The output of ${subject} was truncated, and asked for again`,
          where,
          tokens: paid.tokens,
          ms: again.reduce((sum, { tool }) => sum + Math.max(0, tool.end - tool.start), 0),
          usd: paid.usd,
          advice:
            reruns.length > 0
              ? "Have it print less from the start: a quiet flag, or `| tail -n 50`. Say so in AGENTS.md next to the command."
              : "Have it print less from the start, or search what opencode saved with grep in place of reading it.",
          evidence: [
            `truncated in ${stepsText(some.map(({ first }) => placeOf(talks, first, first.tool.spanId)))}, asked for again in ${stepsText(again.map((one) => placeOf(talks, one, one.tool.spanId)))}`,
            `${count(paid.size)} tokens of what was left of it, sent with ${plural(paid.calls.size, "call")}`,
          ],
        },
      ];
    });
  });
}

function askedAgain(conversation: Conversation, inVain: InVain): readonly Truncated[] {
  const tools = toolsOf(conversation);
  return tools.flatMap((first, index) => {
    const saved = savedPath(first.tool);
    if (saved === undefined || inVain.has(first.tool)) return [];
    const later = tools.slice(index + 1).filter(({ loop, at }) => loop === first.loop && at > first.at);
    const again = later.filter(({ tool }) => !inVain.has(tool) && asksAgain(first.tool, tool, saved));
    return again.length > 0 ? [{ first, again }] : [];
  });
}

/** Where opencode saved a whole output; undefined where it was not truncated. */
function savedPath({ output, metadata }: Tool): string | undefined {
  if (typeof metadata.outputPath === "string" && metadata.truncated === true) return metadata.outputPath;
  // opencode 2 does not say so beside it.
  return /^\.\.\. output truncated; full content saved to (\S.*) \.\.\.$/m.exec(output ?? "")?.[1];
}

function asksAgain(first: Tool, later: Tool, saved: string): boolean {
  if (later.failure?.kind === "aborted") return false;
  const { filePath, path, command } = fieldsOf(later.input);
  if ([filePath, path].includes(saved)) return true;
  if (SHELLS.has(later.name) && typeof command === "string") {
    if (command.includes(saved)) return true;
    const before = fieldsOf(first.input).command;
    // The same command, with a filter behind it or without.
    return SHELLS.has(first.name) && typeof before === "string" && isNarrowed(before.trim(), command.trim());
  }
  return later.name === first.name && signatureOf(later.input) === signatureOf(first.input);
}

function isNarrowed(before: string, after: string): boolean {
  return before !== "" && after.startsWith(before) && /^(?:$|\s*(?:2>&1\s*)?[|>])/.test(after.slice(before.length));
}

/** Of a command its head, of all else the tool. */
function subjectOf({ name, input }: Tool): string {
  const { command } = fieldsOf(input);
  if (!SHELLS.has(name) || typeof command !== "string") return oneLine(name);
  const line = oneLine(command.slice(0, MOST_WORDS * 2));
  return `\`${line.length > MOST_WORDS ? `${line.slice(0, MOST_WORDS - 1)}…` : line}\``;
}
