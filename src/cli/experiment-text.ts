import type { ArmComparison } from "../experiment/compare.js";
import type { ExperimentResult } from "../experiment/experiment-result.js";
import {
  changeText,
  intervalText,
  MEASURE_NAMES,
  remarksOf,
  signsText,
  sizeText,
  VERDICT_NAMES,
  valueText,
} from "../experiment/experiment-texts.js";
import { fitTable, STAYS } from "../terminal/fit-table.js";
import { folded, type LabelledLine, worded } from "../terminal/labelled-line.js";
import { oneLine } from "../text/terminal-text.js";

/** What became of an experiment, no line wider than the terminal. */
export function experimentLines(result: ExperimentResult, width: number): readonly string[] {
  const { base, seed, effect, warnings, comparisons } = result;
  const percent = `${Math.round(100 * effect)} %`;
  const head = [
    worded("arms", `${sizeText(result)}; a difference of ${percent} is looked for`, "plain"),
    worded("seed", oneLine(seed), "plain"),
  ];
  const notes = warnings.map((text) => worded("note", oneLine(text), "warning"));
  return [
    ...foldedAll(head, width),
    ...comparisons.flatMap((one) => ["", ...armLines(one, base, width)]),
    ...(notes.length > 0 ? ["", ...foldedAll(notes, width)] : []),
  ];
}

function armLines({ arm, comparisons }: ArmComparison, base: string, width: number): readonly string[] {
  const { head, rows } = fitTable(
    [
      { heading: "", cells: comparisons.map(({ measure }) => MEASURE_NAMES[measure]), worth: STAYS, align: "left" },
      {
        heading: oneLine(base),
        cells: comparisons.map((one) => valueText(one.measure, one.base)),
        worth: 3,
        align: "right",
        shortest: 9,
      },
      {
        heading: oneLine(arm),
        cells: comparisons.map((one) => valueText(one.measure, one.arm)),
        worth: 4,
        align: "right",
        shortest: 9,
      },
      { heading: "change", cells: comparisons.map(changeText), worth: STAYS, align: "right" },
      { heading: "95 % interval", cells: comparisons.map(intervalText), worth: 5, align: "right" },
      { heading: "less/more", cells: comparisons.map(signsText), worth: 1, align: "right" },
      {
        heading: "verdict",
        cells: comparisons.map(({ verdict }) => VERDICT_NAMES[verdict]),
        worth: STAYS,
        align: "left",
      },
    ],
    width,
  );
  const remarks = remarksOf(comparisons).map(({ of, text }) =>
    of.length === 1 ? worded(of.join(), text, "plain") : worded("measures", `${of.join(", ")}: ${text}`, "plain"),
  );
  return [head, ...rows, ...foldedAll(remarks, width)];
}

function foldedAll(lines: readonly LabelledLine[], width: number): readonly string[] {
  return lines.flatMap((line) => folded(line, width));
}
