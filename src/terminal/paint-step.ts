import type { PlacedStep } from "../analysis/step-path.js";
import { severalLines, shortenTo } from "../text/terminal-text.js";
import { wrapped } from "../text/wrap-text.js";
import type { LoopTrace } from "../trace/model.js";
import { inColors } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";
import { type StepSection, stepView } from "./step-view.js";
import { inTone } from "./tones.js";
import { headLines, headOf } from "./trace-head.js";

const INDENT = "  ";

/** One step whole: its figures, then all that was thought, said, asked and answered in it, folded to the width. */
export function paintStep(trace: LoopTrace, placed: PlacedStep, { width, colors }: PaintOptions): string {
  const { title, facts, sections } = stepView(trace, placed);
  return [
    ...headLines(headOf(trace), width).map((line) => colors.dim(shortenTo(line, width))),
    colors.bold(shortenTo(title, width)),
    ...inColors(facts, width, colors),
    ...sections.flatMap((section) => ["", ...sectionLines(section, { width, colors })]),
  ].join("\n");
}

function sectionLines({ heading, tone, blocks }: StepSection, { width, colors }: PaintOptions): string[] {
  const indented = (text: string, indent: string): string[] =>
    wrapped(severalLines(text), width - indent.length).map((line) => (line === "" ? "" : `${indent}${line}`));
  return [
    ...wrapped(heading, width).map((line) => inTone(colors.bold(line), tone, colors)),
    ...blocks.flatMap(({ label, text }) =>
      label === null
        ? indented(text, INDENT).map((line) => inTone(line, tone, colors))
        : [...indented(label, INDENT).map((line) => colors.dim(line)), ...indented(text, `${INDENT}${INDENT}`)],
    ),
  ];
}
