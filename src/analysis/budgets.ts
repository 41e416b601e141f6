import type { FigureUnit } from "./figures.js";

/** What of a tool's durations a limit is for: their sum, the longest, or a percentile such as `p90`. */
export type ToolStat = "max" | "sum" | `p${number}`;

/** A limit for how long tools took. */
export interface ToolBudget {
  /** Tells it from the other budgets. */
  readonly kind: "tool";
  /** The tool's name; null for all tools together. */
  readonly tool: string | null;
  /** What of the durations the limit is for. */
  readonly stat: ToolStat;
  /** ms */
  readonly limit: number;
}

/** What a session may take: USD, tokens, ms, steps, or how often something may happen. What is equal to it holds. */
export type Budget =
  | { readonly kind: "cost" | "tokens" | "duration" | "steps"; readonly limit: number }
  | ToolBudget
  | { readonly kind: "errors" | "tool-errors" | "doom-loops" | "cache-breaks"; readonly limit: 0 };

/** How values and limits of a budget are counted. */
export type BudgetUnit = FigureUnit;

/** A budget as its option on the command line names it, without the hyphens: `max-cost`, `max-tool bash:p90`. */
export function budgetName(budget: Budget): string {
  switch (budget.kind) {
    case "cost":
    case "tokens":
    case "duration":
    case "steps":
      return `max-${budget.kind}`;
    case "tool":
      return `max-tool ${budget.tool === null ? "" : `${budget.tool}:`}${budget.stat}`;
    case "errors":
    case "tool-errors":
    case "cache-breaks":
      return `no-${budget.kind}`;
    case "doom-loops":
      return "no-doom-loop";
    default:
      return budget satisfies never;
  }
}

/** How a budget is counted, by its kind. */
export const BUDGET_UNITS: Readonly<Record<Budget["kind"], BudgetUnit>> = {
  cost: "usd",
  tokens: "tokens",
  duration: "ms",
  tool: "ms",
  steps: "count",
  errors: "count",
  "tool-errors": "count",
  "doom-loops": "count",
  "cache-breaks": "count",
};
