import { dearestFinding } from "../../analysis/findings/dearest.js";
import { findStep } from "../../analysis/step-path.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { adviceLines } from "../../terminal/paint-advice.js";
import { paintStep } from "../../terminal/paint-step.js";
import { paintTree } from "../../terminal/paint-tree.js";
import { plural } from "../../text/format.js";
import { terminalJson } from "../../text/terminal-json.js";
import type { LoopTrace } from "../../trace/model.js";
import { colorsFor } from "../colors.js";
import { eachTrace } from "../each-trace.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import type { FromFlags } from "../from-flags.js";
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
  const display = displayOf(flags, terminal);
  const forJson: unknown[] = [];
  const missed: string[] = [];
  let [seen, mostTurns] = [0, 0];
  const dearest = dearestFinding();
  await eachTrace(sources, flags, terminal, (trace, prices) => {
    dearest.take(trace, prices);
    mostTurns = Math.max(mostTurns, trace.session.turns);
    if (flags.turn !== undefined && flags.turn !== trace.session.turn + 1) return;
    const shown = display(trace);
    if ("why" in shown) {
      missed.push(shown.why);
      return;
    }
    if (flags.json) forJson.push(shown.json);
    else terminal.out(`${seen > 0 ? "\n" : ""}${shown.text()}\n`);
    seen += 1;
  });
  if (seen === 0 && mostTurns > 0) throw nothingShown(flags, mostTurns, missed);
  if (flags.json) terminal.out(`${terminalJson(forJson)}\n`);
  else if (seen > 0 && isWhole(flags)) {
    const { width = terminal.width } = flags;
    terminal.out(adviceLines(dearest.finish(), { width, colors: colorsFor(terminal, terminal.outIsTty) }));
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

function displayOf(flags: ShowFlags, terminal: Terminal): (trace: LoopTrace) => Shown {
  const colors = colorsFor(terminal, terminal.outIsTty);
  const width = flags.width ?? terminal.width;
  const filter = { depth: flags.depth, errors: flags.errors, slowMs: flags.slow };
  const wanted = flags.step;
  if (wanted === undefined)
    return (trace) => ({ json: trace, text: () => paintTree(trace, { width, colors, filter }) });
  return (trace) => {
    const placed = findStep(trace.loop, wanted);
    if (typeof placed === "string") return { why: placed };
    const { traceId, session } = trace;
    const { path, loop, step } = placed;
    return {
      json: { traceId, sessionId: loop.sessionId, turn: session.turn, path, step },
      text: () => paintStep(trace, placed, { width, colors }),
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
