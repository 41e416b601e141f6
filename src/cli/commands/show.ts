import { dearestFinding } from "../../analysis/findings/dearest.js";
import { findStep } from "../../analysis/step-path.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { attempt } from "../../errors/thrown.js";
import type { UserPrices } from "../../opencode/model.js";
import type { LoadOptions } from "../../sessions/load-options.js";
import { adviceLines, adviceText } from "../../terminal/paint-advice.js";
import { paintStep } from "../../terminal/paint-step.js";
import { paintView, type TreeOptions, viewOf } from "../../terminal/paint-tree.js";
import { plural } from "../../text/format.js";
import { terminalJson } from "../../text/terminal-json.js";
import type { LoopTrace } from "../../trace/model.js";
import { colorsFor } from "../colors.js";
import { eachTrace } from "../each-trace.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import type { FromFlags } from "../from-flags.js";
import { ShownBefore } from "../shown-before.js";
import type { Terminal } from "../terminal.js";

export interface ShowFlags extends FromFlags {
  readonly json?: boolean;
  readonly width?: number;
  readonly depth?: number;
  readonly errors?: boolean;
  /** In ms. */
  readonly slow?: number;
  /** From 1. */
  readonly turn?: number;
  /** As `isStepPath` allows it. */
  readonly step?: string;
}

/**
 * `looptrace show`: the traces of sessions as trees, one step of them whole, or either as JSON.
 *
 * @throws {ConfigurationError} when there is no such turn or step, or options contradict each other
 */
export async function show(sources: readonly string[], flags: ShowFlags, terminal: Terminal): Promise<ExitCode> {
  refuseContradictions(flags);
  const before = new ShownBefore();
  const display = displayOf(flags, terminal, before);
  const forJson: unknown[] = [];
  const missed: string[] = [];
  let [seen, mostTurns] = [0, 0];
  const dearest = dearestFinding();
  const isMeant = (turn: number): boolean => flags.turn === undefined || flags.turn === turn + 1;
  const print = (text: string): void => {
    terminal.out(`${seen > 0 ? "\n" : ""}${text}\n`);
    seen += 1;
  };
  const use = (trace: LoopTrace, prices: UserPrices): void => {
    dearest.take(trace, prices);
    mostTurns = Math.max(mostTurns, trace.session.turns);
    if (!isMeant(trace.session.turn)) return;
    const shown = display(trace);
    if ("why" in shown) missed.push(shown.why);
    else if (!flags.json) print(shown.text());
    else {
      forJson.push(shown.json);
      seen += 1;
    }
  };
  const instead = async (ids: readonly string[], load: LoadOptions): Promise<boolean> => {
    // What was kept of it are its trees alone.
    if (flags.json || flags.step !== undefined) return false;
    const turns = (await before.of(ids, load))?.turns.filter(({ turn }) => isMeant(turn)) ?? [];
    const painted = attempt(() => turns.map(({ view }) => paintView(view, paintOptions(flags, terminal))));
    // What cannot be painted is damaged: the session itself tells the same.
    if (!painted) before.forget();
    for (const text of painted ?? []) print(text);
    return seen > 0;
  };
  await eachTrace(sources, flags, terminal, use, { instead, onSession: ({ tree }) => before.take(tree) });
  if (seen === 0 && mostTurns > 0) throw nothingShown(flags, mostTurns, missed);
  if (flags.json) terminal.out(`${terminalJson(forJson)}\n`);
  else if (seen > 0 && isWhole(flags)) {
    const advice = before.adviceOr(() => {
      const found = dearest.finish();
      return found ? adviceText(found) : null;
    });
    terminal.out(adviceLines(advice, paintOptions(flags, terminal)));
    await before.keep();
  }
  if (seen === 0) terminal.err("The session holds no prompt yet: there is nothing to show.\n");
  return EXIT.ok;
}

/** Who looks for something certain needs no advice. */
function isWhole({ step, depth, errors, slow, turn }: ShowFlags): boolean {
  return !errors && [step, depth, slow, turn].every((flag) => flag === undefined);
}

/** What of a trace is shown, or why nothing is. */
type Shown = { readonly json: unknown; readonly text: () => string } | { readonly why: string };

function paintOptions({ width, depth, errors, slow }: ShowFlags, terminal: Terminal): Required<TreeOptions> {
  const colors = colorsFor(terminal, terminal.outIsTty);
  return { width: width ?? terminal.width, colors, filter: { depth, errors, slowMs: slow } };
}

/** @param before is told what is shown as a tree */
function displayOf(flags: ShowFlags, terminal: Terminal, before: ShownBefore): (trace: LoopTrace) => Shown {
  const options = paintOptions(flags, terminal);
  const wanted = flags.step;
  if (wanted === undefined) {
    const text = (trace: LoopTrace): string => {
      const view = viewOf(trace);
      const { turn, turns } = trace.session;
      before.show({ turn, turns, view });
      return paintView(view, options);
    };
    return (trace) => ({ json: trace, text: () => text(trace) });
  }
  return (trace) => {
    const placed = findStep(trace.loop, wanted);
    if (typeof placed === "string") return { why: placed };
    const { traceId, session } = trace;
    const { path, loop, step } = placed;
    return {
      json: { traceId, sessionId: loop.sessionId, turn: session.turn, path, step },
      text: () => paintStep(trace, placed, options),
    };
  };
}

function refuseContradictions({ step, depth, errors, slow }: ShowFlags): void {
  if (step === undefined || (depth === undefined && !errors && slow === undefined)) return;
  throw new ConfigurationError(
    "--step",
    "--step shows one step whole; --depth, --errors and --slow are for the tree.\nSay one or the other.",
  );
}

/** @param mostTurns how many turns the session has, of several the one with the most */
function nothingShown(flags: ShowFlags, mostTurns: number, missed: readonly string[]): ConfigurationError {
  const [why] = missed;
  if (why === undefined) {
    return new ConfigurationError("--turn", `There is no turn ${flags.turn}: the last one is turn ${mostTurns}.`);
  }
  const others = missed.length > 1 ? ` None of the ${plural(missed.length, "turn")} has it.` : "";
  return new ConfigurationError("--step", `${why}${others}`);
}
