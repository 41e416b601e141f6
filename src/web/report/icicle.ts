import type { PromptPart } from "../data/report-data.js";

/** A part of one prompt. */
export interface SentPart {
  /** Its index among the parts of all prompts. */
  readonly index: number;
  readonly part: PromptPart;
  readonly tokens: number;
}

/** A block of the drawing: all of a group, all of an owner, or one part. */
export interface Block {
  readonly key: string;
  readonly group: PromptPart["group"];
  /** null: it is a group. */
  readonly owner: string | null;
  /** null: it is a group or an owner. */
  readonly part: number | null;
  readonly label: string;
  readonly tokens: number;
  /** Where it begins and how high it is, as shares of the prompt. */
  readonly from: number;
  readonly share: number;
}

/** A prompt by groups, in them by owners, in them by parts: three columns of blocks that stand beside each other. */
export interface Icicle {
  readonly total: number;
  readonly groups: readonly Block[];
  readonly owners: readonly Block[];
  readonly parts: readonly Block[];
}

export const GROUP_NAMES: Readonly<Record<PromptPart["group"], string>> = {
  system: "system prompt",
  tools: "tools",
  messages: "messages",
  results: "results of tools",
  rest: "the request itself",
};

const ORDER = ["system", "tools", "messages", "results", "rest"] as const satisfies readonly PromptPart["group"][];

/** @param pairs a part's index and its tokens, again and again */
export function sentParts(parts: readonly PromptPart[], pairs: readonly number[]): readonly SentPart[] {
  const sent: SentPart[] = [];
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const [index = -1, tokens = 0] = pairs.slice(at, at + 2);
    const part = parts[index];
    if (part) sent.push({ index, part, tokens });
  }
  return sent;
}

/** The largest first in each column, except for the groups, which keep their order. */
export function icicleOf(sent: readonly SentPart[]): Icicle {
  const total = sum(sent);
  const shareOf = (tokens: number): number => (total === 0 ? 0 : tokens / total);
  const groups: Block[] = [];
  const owners: Block[] = [];
  const parts: Block[] = [];
  let from = 0;
  for (const group of ORDER) {
    const inGroup = sent.filter(({ part }) => part.group === group);
    const tokens = sum(inGroup);
    if (tokens === 0) continue;
    const label = GROUP_NAMES[group];
    groups.push({ key: group, group, owner: null, part: null, label, tokens, from, share: shareOf(tokens) });
    for (const [owner, own] of byOwner(inGroup)) {
      const some = sum(own);
      if (some === 0) continue;
      const key = `${group} ${owner}`;
      owners.push({ key, group, owner, part: null, label: owner, tokens: some, from, share: shareOf(some) });
      for (const { index, part, tokens: few } of own) {
        const share = shareOf(few);
        parts.push({ key: String(index), group, owner, part: index, label: part.name, tokens: few, from, share });
        from += share;
      }
    }
  }
  return { total, groups, owners, parts };
}

function byOwner(sent: readonly SentPart[]): readonly (readonly [string, readonly SentPart[]])[] {
  const owners = new Map<string, SentPart[]>();
  for (const one of sent) {
    const own = owners.get(one.part.owner);
    if (own) own.push(one);
    else owners.set(one.part.owner, [one]);
  }
  return [...owners]
    .map(([owner, own]) => [owner, own.toSorted((a, b) => b.tokens - a.tokens)] as const)
    .toSorted(([, a], [, b]) => sum(b) - sum(a));
}

function sum(sent: readonly SentPart[]): number {
  return sent.reduce((total, { tokens }) => total + tokens, 0);
}
