import type { ReportRow } from "../data/report-data.js";
import { subtreeEnds } from "./folding.js";

/** What is asked of a trace's rows again and again, reckoned once. */
export interface RowIndex {
  /** For each row the index behind the last row below it. */
  readonly ends: readonly number[];
  /** For each row the way to the step that it is, or stands in; null outside of all steps. */
  readonly steps: readonly (string | null)[];
  /** For each row the loop that it is, or belongs to. */
  readonly loops: readonly number[];
  /** The tools' names, those called most often first. */
  readonly tools: readonly string[];
  readonly models: readonly string[];
  /** The rows of the subagents' loops. */
  readonly subagents: readonly number[];
}

/** How the row of a tool is called. */
const TOOL = "tool.";

export function rowIndex(rows: readonly ReportRow[]): RowIndex {
  const steps: (string | null)[] = [];
  const loops: number[] = [];
  const tools = new Map<string, number>();
  const models = new Set<string>();
  const subagents: number[] = [];
  for (const [index, { kind, name, parent, step, model }] of rows.entries()) {
    const isLoop = kind === "loop";
    loops.push(isLoop ? index : (loops[parent] ?? 0));
    // A subagent's loop is told of by the step that it works for, until it has steps of its own.
    steps.push(step ?? steps[parent] ?? null);
    if (isLoop && parent >= 0) subagents.push(index);
    if (kind === "tool" && name.startsWith(TOOL)) tools.set(toolName(name), (tools.get(toolName(name)) ?? 0) + 1);
    if (model !== undefined) models.add(model);
  }
  return {
    ends: subtreeEnds(rows),
    steps,
    loops,
    tools: [...tools].sort((a, b) => b[1] - a[1]).map(([name]) => name),
    models: [...models],
    subagents,
  };
}

/** The tool of a row, by the row's name. */
export function toolName(row: string): string {
  return row.slice(TOOL.length);
}

/** Where a row stands, in words: `step 12`, of a subagent's `step 5/0/2`. */
export function stepText(index: RowIndex, row: number): string {
  const step = index.steps[row] ?? null;
  return step === null ? "" : `step ${step}`;
}

/** A step's own number in its loop: `2` of `5/0/2`. */
export function stepNumber(step: string): string {
  return step.slice(step.lastIndexOf("/") + 1);
}

/** A subagent as it is chosen: `3. explore, step 12`. */
export function subagentText(rows: readonly ReportRow[], index: RowIndex, row: number): string {
  const at = index.steps[rows[row]?.parent ?? -1] ?? null;
  const agent = rows[row]?.agent ?? "subagent";
  return `${index.subagents.indexOf(row) + 1}. ${agent}${at === null ? "" : `, step ${at}`}`;
}
