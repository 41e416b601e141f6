import { InvalidArgumentError } from "commander";
import type { ToolBudget } from "../analysis/budgets.js";
import { TOOL_BUDGET_FORM, toolBudget } from "../analysis/tool-budget.js";

/** A {@link toolBudget}, as a parser of a command-line option that can be given several times. */
export function collectToolBudget(text: string, before: readonly ToolBudget[] = []): readonly ToolBudget[] {
  const budget = toolBudget(text);
  if (budget === undefined) throw new InvalidArgumentError(`Give ${TOOL_BUDGET_FORM}.`);
  return [...before, budget];
}
