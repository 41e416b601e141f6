/** What a table of statistics leaves out, or cannot tell: a line each. */

import { besideCost, ofUnknown } from "../analysis/gaps.js";
import type { Dimension } from "../analysis/stats/dimensions.js";
import type { StatsFigures } from "../analysis/stats/stats-figures.js";
import type { StatsReport, StatsRow } from "../analysis/stats/stats-report.js";
import { cost, count, known, plural } from "../text/format.js";
import { inColors, type LabelledLine, worded } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";

/** Behind a cost that lacks calls without a price, and behind one that is by the user's prices. */
export const UNPRICED_MARK = "+";
export const USER_MARK = "*";

/** A note: what is to be known of these figures, and what it means, for `--explain`. */
interface StatsNote {
  readonly label: string;
  readonly text: string;
  readonly explained: string;
}

/** What the rows without a value are called in a sentence. */
const REMAINDER: Readonly<Partial<Record<Dimension, string>>> = {
  model: "calls whose model is not known",
  agent: "calls whose agent is not known",
  branch: "turns whose branch is not known",
  commit: "turns whose commit is not known",
  pr: "turns of no known pull request",
  tag: "turns without a tag",
};

const TOLD_BY_RUNS =
  "Runs of looptrace write branch, commit and pull request down; of other sessions the repository's reflog tells branch and commit, as far as it goes back.";

/** The notes, dim and folded: what each tells, and with `explain` what it means. */
export function statsNotes(report: StatsReport, { width, colors }: PaintOptions, explain: boolean): readonly string[] {
  return notesOf(report).flatMap(({ label, text, explained }) => {
    return inColors([worded(label, explain ? `${text}. ${explained}` : text, "muted")], width, colors);
  });
}

/** What is left out of the rows themselves. */
export function moreRows(left: number, all: number): readonly LabelledLine[] {
  return left > 0 ? [worded("more", `${plural(left, "smaller row")}: --top ${all} shows all`, "muted")] : [];
}

function notesOf({ by, rows, total, copiedTurns }: StatsReport): readonly StatsNote[] {
  const { unpriced, costByUser, others, gaps } = total;
  const note = (some: number, label: string, text: string, explained: string): readonly StatsNote[] =>
    some > 0 ? [{ label, text, explained }] : [];
  return [
    ...by.flatMap((dimension) => remainderOf(dimension, rows, total)),
    ...note(
      costByUser,
      USER_MARK,
      `${cost(costByUser)} of the cost is by your prices`,
      `They are those of "prices" in looptrace.config.json.`,
    ),
    ...note(
      unpriced.calls,
      total.cost === null ? "prices" : UNPRICED_MARK,
      `${plural(unpriced.calls, "call")} without a price, ${count(unpriced.tokens)} tokens`,
      `opencode knows no price of their models. "prices" in looptrace.config.json takes yours, or "free": true.`,
    ),
    ...cacheNotes(total),
    ...note(
      others.calls,
      "beside",
      `${besideText(others)}, in no sum`,
      "opencode makes them by itself, such as for a session's title; they belong to no step.",
    ),
    ...note(
      by.includes("tag") ? 1 : 0,
      "tags",
      "a turn with several tags is in several rows",
      "So the rows may add up to more than what stands below all.",
    ),
    ...note(
      gaps.missingSubagents,
      "without",
      `${plural(gaps.missingSubagents, "subagent session")} that ${gaps.missingSubagents === 1 ? "is" : "are"} not kept`,
      "What they took is in no sum.",
    ),
    ...note(
      gaps.withoutUsage,
      "without",
      `the tokens and cost of ${plural(gaps.withoutUsage, "call")}`,
      "They failed or were cut off, or the provider counted nothing.",
    ),
    ...note(
      gaps.doubtfulCalls,
      "doubt",
      `the tokens of ${plural(gaps.doubtfulCalls, "call")} contradict each other`,
      "They are in the sums as they were recorded; `looptrace tokens` says what speaks against them.",
    ),
    ...note(
      copiedTurns,
      "without",
      `${plural(copiedTurns, "turn")} that a fork copied from another session`,
      "What they took was taken there, and is counted there.",
    ),
  ];
}

function besideText({ calls, tokens, cost: usd, withoutUsage, withoutCost }: StatsFigures["others"]): string {
  return [
    `${plural(calls, "call")} beside the steps`,
    tokens === null ? "tokens not known" : `${count(tokens)} tokens${ofUnknown(withoutUsage)}`,
    ...(usd === null && withoutCost === 0 ? [] : [besideCost(usd, withoutCost)]),
  ].join(", ");
}

function cacheNotes({ saved, cacheBreaks }: StatsFigures): readonly StatsNote[] {
  const { count: breaks, tokens, cost: usd } = cacheBreaks;
  const gained =
    saved === null || saved === 0
      ? []
      : [saved > 0 ? `saved ${cost(saved)}` : `cost ${cost(-saved)} more than it saved`];
  const price = usd === null ? "" : `, ${cost(usd)} more`;
  const broke = breaks > 0 ? [`broke ${plural(breaks, "time")} (${count(tokens)} tokens read anew${price})`] : [];
  if (gained.length + broke.length === 0) return [];
  const explained =
    "Saved is what its tokens would have cost as input, less what they did cost; `looptrace tokens` says where it broke.";
  return [{ label: "cache", text: [...gained, ...broke].join("; "), explained }];
}

/** How much of all cannot be told by a dimension. */
function remainderOf(dimension: Dimension, rows: readonly StatsRow[], total: StatsFigures): readonly StatsNote[] {
  const what = REMAINDER[dimension];
  const unknown = rows.filter(({ key }) => key[dimension] === null);
  if (what === undefined || unknown.length === 0) return [];
  const sum = (of: (row: StatsFigures) => number): number => unknown.reduce((all, row) => all + of(row), 0);
  const [usd, tokens] = [sum((row) => row.cost ?? 0), sum((row) => row.tokens ?? 0)];
  const all = total.tokens ?? 0;
  const isPriced = (total.cost ?? 0) > 0;
  const part = isPriced ? usd / (total.cost ?? 1) : all === 0 ? 0 : tokens / all;
  const of = isPriced ? `${cost(usd)} of ${cost(total.cost)}` : `${count(tokens)} of ${known(total.tokens)} tokens`;
  const explained = ["branch", "commit", "pr"].includes(dimension)
    ? TOLD_BY_RUNS
    : "Nothing that is kept of them tells it.";
  return [{ label: "remains", text: `${of} (${shareText(part)}) is of ${what}`, explained }];
}

/** @param share 0 to 1 */
export function shareText(share: number): string {
  const whole = Math.round(share * 100);
  return whole === 0 && share > 0 ? "<1%" : `${whole}%`;
}
