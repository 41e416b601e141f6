import type { PromptPart, PromptsData } from "../data/report-data.js";
import type { Details } from "./details.js";
import { searchPattern } from "./segments.js";

/**
 * What is searched of prompts: each part counts for the call that sent it first. Later calls sent it as well; that
 * each of them matches would say nothing.
 *
 * @returns gives the parts of a row
 */
export function partsByRow(prompts: PromptsData | undefined): (row: number) => readonly PromptPart[] {
  const byRow = new Map<number, PromptPart[]>();
  for (const part of prompts?.parts ?? []) {
    const known = byRow.get(part.row);
    if (known) known.push(part);
    else byRow.set(part.row, [part]);
  }
  return (row) => byRow.get(row) ?? [];
}

/** Whether a part that the call of this row sent first holds what is searched for. */
export function partMatches(part: PromptPart, row: number, query: string, textOf: Details["textOf"]): boolean {
  if (query === "" || part.row !== row) return false;
  const text = textOf(part);
  return text !== undefined && searchPattern(query).test(text);
}
