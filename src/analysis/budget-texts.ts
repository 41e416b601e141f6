import { costDecimals, count, plural } from "../text/format.js";
import type { BudgetResult } from "./check-session.js";
import { figureText } from "./figures.js";

/** What the figures of a budget's result are called for people. */
export interface BudgetTexts {
  readonly value: string;
  /** `of 5.00s`; empty where the limit is that it does not happen. */
  readonly limit: string;
  /** `over by 2 (40%)`; empty where it is not over. */
  readonly over: string;
}

export function budgetTexts({ unit, value, limit, over }: BudgetResult): BudgetTexts {
  const decimals = unit === "usd" ? decimalsFor([value ?? 0, limit, over ?? 0]) : 0;
  const told = (figure: number): string => figureText(figure, unit, decimals);
  const percent = over === null || limit === 0 ? "" : ` (${percentText(over / limit)})`;
  return {
    value: value === null ? "–" : told(value),
    limit: limit === 0 ? "" : `of ${told(limit)}`,
    over: over === null || limit === 0 ? "" : `over by ${told(over)}${percent}`,
  };
}

/** Enough for the smallest of them to be told from zero. */
function decimalsFor(costs: readonly number[]): number {
  const least = Math.min(...costs.filter((usd) => usd > 0), 1);
  return Math.min(9, Math.max(costDecimals(costs), 1 - Math.floor(Math.log10(least))));
}

function percentText(ratio: number): string {
  const percent = ratio * 100;
  return percent < 1 ? "less than 1%" : `${count(percent)}%`;
}

/** How all checks came out: `15 budgets in 3 sessions: 2 do not hold, 1 of them unknown; 1 session failed.` */
export function verdictText(
  checks: readonly { readonly passed: boolean; readonly results: readonly BudgetResult[] }[],
): string {
  const results = checks.flatMap((check) => check.results);
  const broken = results.filter(({ status }) => status !== "pass").length;
  const unknown = results.filter(({ status }) => status === "unknown").length;
  const failed = checks.filter(({ passed }) => !passed).length;
  const budgets = plural(results.length, "budget");
  const inSessions = checks.length > 1 ? ` in ${plural(checks.length, "session")}` : "";
  if (broken === 0) return `${budgets}${inSessions}: ${results.length === 1 ? "it holds" : "all hold"}.`;
  if (results.length === 1 && unknown === 1) return `${budgets}: not known whether it holds.`;
  const sessions = checks.length > 1 ? `; ${plural(failed, "session")} failed` : "";
  return `${budgets}${inSessions}: ${brokenText(broken, unknown)}${sessions}.`;
}

/** @param unknown how many of the broken ones are not known to hold */
function brokenText(broken: number, unknown: number): string {
  if (unknown === broken) return `${count(broken)} ${broken === 1 ? "is" : "are"} not known to hold`;
  const text = `${count(broken)} ${broken === 1 ? "does" : "do"} not hold`;
  return unknown > 0 ? `${text}, ${count(unknown)} of them unknown` : text;
}
