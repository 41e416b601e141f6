import type { FiguresDiff, SessionDiff, TurnDiff, TurnSummary } from "../../analysis/session-diff.js";
import type { Comparison, FigureName } from "../../analysis/turn-figures.js";
import {
  divergenceTexts,
  FIGURE_LABELS,
  type FigureTexts,
  figureTexts,
  modelText,
  outcomeText,
  textsOfFigures,
} from "../../terminal/diff-texts.js";
import { plural } from "../../text/format.js";
import type { ComparedPart, ComparedRow, ComparedSession, ComparisonData } from "./comparison.js";

export function comparisonData({ a, b, turns, sums }: SessionDiff): ComparisonData {
  const headOf = ({ sessionId, title, turns: many, opencodeVersion }: SessionDiff["a"]): ComparedSession => ({
    id: sessionId,
    title,
    about: `${plural(many, "turn")} · opencode ${opencodeVersion}`,
  });
  const parts = turns.map((turn) => turnPart(turn, turns.length));
  const all = { title: "All turns", facts: [], parting: null, isSame: false, notes: [], rows: rowsOf(sums) };
  return { a: headOf(a), b: headOf(b), parts: turns.length > 1 ? [...parts, all] : parts };
}

function turnPart(diff: TurnDiff, turns: number): ComparedPart {
  const { turn, a, b, parting } = diff;
  const lonely = a && b ? "" : `: only ${a ? "A" : "B"} has it`;
  const notes = [...(a?.notes ?? []).map((note) => `A ${note}`), ...(b?.notes ?? []).map((note) => `B ${note}`)];
  const fact = (label: string, textOf: (facts: TurnSummary) => string, isBad: boolean) => ({
    ...{ label, a: a ? textOf(a) : "", b: b ? textOf(b) : "", isBad },
  });
  return {
    title: turns > 1 || lonely !== "" ? `Turn ${turn + 1} of ${turns}${lonely}` : "The turn",
    facts: [fact("outcome", outcomeText, (a?.error ?? b?.error ?? null) !== null), fact("model", modelText, false)],
    parting: parting && divergenceTexts(parting),
    isSame: a !== null && b !== null && !parting,
    notes,
    rows: rowsOf(diff),
  };
}

/** These stand there also where both sides have none. */
const ALWAYS: readonly FigureName[] = ["steps", "calls", "tokens", "cost", "duration"];

function rowsOf({ figures, tools }: FiguresDiff): readonly ComparedRow[] {
  const texts = textsOfFigures(figures);
  const ofFigures = figures
    .filter((figure) => ALWAYS.includes(figure.name) || isSomething(figure))
    .map((figure) => {
      const label = FIGURE_LABELS[figure.name];
      const told = texts.get(figure.name) ?? figureTexts(figure, figure.unit);
      return row(label.trim(), figure, told, label.startsWith(" "));
    });
  const ofTools = tools.flatMap(({ tool, calls, failures, time }) => [
    row(`${tool} calls`, calls, figureTexts(calls, "count"), false),
    ...(isSomething(failures) ? [row("failed", failures, figureTexts(failures, "count"), true)] : []),
    row("time", time, figureTexts(time, "ms"), true),
  ]);
  return [...ofFigures, ...ofTools];
}

function row(label: string, { difference }: Comparison, texts: FigureTexts, minor: boolean): ComparedRow {
  const isMore = difference === null || difference === 0 ? null : difference > 0;
  return { label, ...texts, minor, isMore };
}

function isSomething({ a, b }: Comparison): boolean {
  return (a ?? 0) !== 0 || (b ?? 0) !== 0;
}
