import { plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import { signatureOf, surelyDiffer } from "../../trace/signature.js";
import { addCost, recordedUsage, totalTokens } from "../../trace/usage.js";
import { type Conversation, placeOf, stepsText, type Talks, type TalkTool, toolsOf } from "./conversation.js";
import type { Found } from "./finding.js";
import type { InVain } from "./in-vain.js";

/** As many calls make a round at most; longer ones are work that looks alike. */
const LONGEST_ROUND = 4;
/** Twice may be chance. */
const LEAST_ROUNDS = 3;

/** Equal rounds of calls: the first ones, and all that came after them. */
interface Cycle {
  readonly round: readonly TalkTool[];
  readonly again: readonly TalkTool[];
  readonly rounds: number;
}

/**
 * Where the model made the same few calls in turns, with the same arguments and results. One call again and again is a
 * doom loop, of which trace events tell; of these none does.
 *
 * @returns them, and `inVain` with the tools that they called: what is to be said of those is said here too
 */
export function callCycles(
  talks: Talks,
  inVain: InVain,
): { readonly found: readonly Found[]; readonly inVain: InVain } {
  const cycles = talks.conversations.flatMap((conversation) => cyclesIn(conversation, inVain));
  const called = cycles.flatMap(({ round, again }) => [...round, ...again]).map(({ tool }) => tool);
  return { found: cycles.map((cycle) => foundOf(talks, cycle)), inVain: new Set([...inVain, ...called]) };
}

function cyclesIn(conversation: Conversation, inVain: InVain): readonly Cycle[] {
  const calls = toolsOf(conversation).filter(({ tool }) => tool.outcome !== "unfinished");
  const cycles: Cycle[] = [];
  for (let from = 0; from < calls.length; ) {
    const cycle = cycleAt(calls, from, inVain);
    if (cycle) cycles.push(cycle);
    from += cycle ? cycle.round.length * cycle.rounds : 1;
  }
  return cycles;
}

/** The cycle of the shortest round that begins with a call. */
function cycleAt(calls: readonly TalkTool[], from: number, inVain: InVain): Cycle | undefined {
  for (let size = 2; size <= LONGEST_ROUND; size += 1) {
    const round = calls.slice(from, from + size);
    // Asked first: a doom loop is as long as it likes, and each of its calls would be looked at from each one before.
    if (round.some(({ tool }) => inVain.has(tool))) return undefined;
    let to = from + size;
    while (to < calls.length && isSame(calls[to - size], calls[to])) to += 1;
    const rounds = Math.floor((to - from) / size);
    if (rounds < LEAST_ROUNDS) continue;
    return { round, again: calls.slice(from + size, from + size * rounds), rounds };
  }
  return undefined;
}

/** Whether a call is another one again, to the same effect. In another turn a person may have asked for it. */
function isSame(one: TalkTool | undefined, other: TalkTool | undefined): boolean {
  if (one === undefined || other === undefined || one.loop !== other.loop) return false;
  const [a, b] = [one.tool, other.tool];
  const hasFailed = a.failure !== null;
  if (a.name !== b.name || hasFailed !== (b.failure !== null) || a.output !== b.output) return false;
  if (surelyDiffer(a.input, b.input)) return false;
  const signature = signatureOf(a.input);
  return signature !== undefined && signature === signatureOf(b.input);
}

function foundOf(talks: Talks, { round, again, rounds }: Cycle): Found {
  const names = round.map(({ tool }) => oneLine(tool.name));
  const all = new Set(again.map(({ tool }) => tool));
  // A step that did nothing else was made for nothing.
  const steps = [...new Set(again.map(({ step }) => step))].filter(({ tools }) => tools.every((tool) => all.has(tool)));
  const where = again.map((one) => placeOf(talks, one, one.tool.spanId));
  return {
    kind: "call-cycle",
    subject: names.join(" "),
    title: `The model ${madeOf(names)} in turns, with the same arguments and results`,
    where,
    tokens:
      steps.length === 0
        ? null
        : steps.reduce((sum, { call }) => sum + (call ? totalTokens(recordedUsage(call)) : 0), 0),
    ms: steps.reduce((sum, { start, end }) => sum + end - start, 0),
    usd: steps.reduce<number | null>((sum, { call }) => addCost(sum, call?.cost ?? null), null),
    advice:
      "Say in the prompt or in AGENTS.md what to do when these calls bring nothing new. Where they wait for something, give the agent one command that waits.",
    evidence: [
      `${plural(rounds, "time")} the same ${plural(round.length, "call")} in a row`,
      `after the first time: ${stepsText(where)}`,
    ],
  };
}

/** `called edit and bash`, `called read, edit and bash`, or where one has several calls `made 3 calls of read and bash`. */
function madeOf(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const last = unique.at(-1) ?? "";
  const listed = unique.length === 1 ? last : `${unique.slice(0, -1).join(", ")} and ${last}`;
  return unique.length === names.length ? `called ${listed}` : `made ${plural(names.length, "call")} of ${listed}`;
}
