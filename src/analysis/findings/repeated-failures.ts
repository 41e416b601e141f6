import type { ToolFailure } from "../../errors/tool-failure.js";
import { count, plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import type { Tool } from "../../trace/model.js";
import { addCost, recordedUsage, totalTokens } from "../../trace/usage.js";
import { placeOf, stepsText, type Talks, type TalkTool, toolsOf } from "./conversation.js";
import type { Found } from "./finding.js";
import type { InVain } from "./in-vain.js";

/** Twice may be chance. */
const LEAST_TIMES = 3;
/** Of all calls of the tool. */
const LEAST_SHARE = 0.5;
/** A shell that finds no such command. */
const NOT_FOUND = 127;
const MOST_WORDS = 120;

/**
 * Tools most of whose calls failed in the same way. What was aborted is no failure of the tool, and the exit code of a
 * command is its result: tests that fail are what they are for. Only that a command does not exist is told.
 */
export function repeatedFailures(talks: Talks, inVain: InVain): readonly Found[] {
  const byTool = new Map<string, TalkTool[]>();
  for (const one of talks.conversations.flatMap(toolsOf)) {
    if (one.tool.outcome === "unfinished") continue;
    const key = one.tool.name;
    const some = byTool.get(key);
    if (some) some.push(one);
    else byTool.set(key, [one]);
  }
  return [...byTool].flatMap(([name, calls]) => {
    const byWay = new Map<string, TalkTool[]>();
    for (const one of calls) {
      const way = inVain.has(one.tool) ? undefined : wayOf(one.tool);
      if (way !== undefined) byWay.set(way, [...(byWay.get(way) ?? []), one]);
    }
    return [...byWay].flatMap(([way, failed]): Found[] => {
      const isEnough = failed.length >= LEAST_TIMES && failed.length >= calls.length * LEAST_SHARE;
      return isEnough || isMissing(failed) ? [foundOf(talks, name, way, failed, calls.length)] : [];
    });
  });
}

/** Of commands that do not exist all other commands of the shell say nothing. */
function isMissing(failed: readonly TalkTool[]): boolean {
  return failed.length >= LEAST_TIMES && failed.every(({ tool }) => tool.failure?.exitCode === NOT_FOUND);
}

function foundOf(talks: Talks, name: string, way: string, failed: readonly TalkTool[], calls: number): Found {
  const where = failed.map((one) => placeOf(talks, one, one.tool.spanId));
  const kind = failed[0]?.tool.failure?.kind ?? "failed";
  const often = failed.length === calls ? "all" : `${count(failed.length)} of`;
  const message = firstSentence(oneLine(failed[0]?.tool.failure?.message ?? "").slice(0, MOST_WORDS));
  const all = new Set(failed.map(({ tool }) => tool));
  // A step that did nothing else was made for nothing.
  const vain = [...new Set(failed.map(({ step }) => step))].filter(({ tools }) => tools.every((tool) => all.has(tool)));
  return {
    kind: "repeated-failure",
    subject: `${name} ${way}`,
    title: `${oneLine(name)} fails again and again: ${kind === "nonzero_exit" ? way : message}`,
    where,
    tokens:
      vain.length === 0 ? null : vain.reduce((sum, { call }) => sum + (call ? totalTokens(recordedUsage(call)) : 0), 0),
    ms:
      vain.reduce((sum, { start, end }) => sum + end - start, 0) +
      failed.reduce((sum, { step, tool }) => (vain.includes(step) ? sum : sum + Math.max(0, tool.end - tool.start)), 0),
    usd: vain.reduce<number | null>((sum, { call }) => addCost(sum, call?.cost ?? null), null),
    advice: ADVICE[kind],
    evidence: [
      `${often} ${plural(calls, "call")} failed so, in ${stepsText(where)}`,
      ...(vain.length > 0 ? [`${plural(vain.length, "step")} did nothing else`] : []),
    ],
  };
}

function firstSentence(text: string): string {
  return (/^.+?(?=\.(?:\s|$))/.exec(text)?.[0] ?? text).trimEnd();
}

/** How a tool failed, without what differs from call to call; undefined where it did not, or that says nothing. */
function wayOf({ failure, output }: Tool): string | undefined {
  if (!failure || failure.kind === "aborted") return undefined;
  if (failure.kind === "nonzero_exit") {
    if (failure.exitCode !== NOT_FOUND) return undefined;
    const missing = /(?:^|\s)(\S{1,80}): (?:command )?not found/.exec(output ?? "")?.[1];
    return missing === undefined ? undefined : `${missing}: command not found`;
  }
  const words = failure.message
    .slice(0, MOST_WORDS)
    .replace(/(["'`]).*?\1|\S*[/\\]\S*|\d+/g, "*")
    .replace(/\s+/g, " ");
  return `${failure.kind} ${words}`;
}

const ADVICE: Readonly<Record<ToolFailure["kind"], string>> = {
  failed: "Say in AGENTS.md how the tool has to be called here, or take it away from the agent if it cannot work.",
  invalid_arguments:
    "The model does not know the tool's arguments: make its description or schema plainer, or name an example in AGENTS.md.",
  unknown_tool:
    "The model calls a tool that is not there: take its name out of the prompts and instructions, or connect what brings it.",
  permission_rejected:
    "The model tries what it may not: allow it in the configuration's permissions, or say in AGENTS.md that it is not to be tried.",
  aborted: "",
  timed_out: "Give the tool more time, or have it do less at once.",
  nonzero_exit: "Install the command where opencode runs, or say in AGENTS.md what to use in its place.",
};
