import type { Budget, ToolBudget } from "../analysis/budgets.js";
import type { CheckSettings } from "../config/config-file.js";
import { ConfigurationError } from "../errors/configuration-error.js";

/** The budgets of `looptrace check`, as commander hands them over. */
export interface BudgetFlags {
  readonly maxCost?: number;
  readonly maxTokens?: number;
  /** ms */
  readonly maxDuration?: number;
  readonly maxSteps?: number;
  readonly maxTool?: readonly ToolBudget[];
  /** false where `--no-errors` was given. */
  readonly errors?: boolean;
  /** false where `--no-tool-errors` was given. */
  readonly toolErrors?: boolean;
  /** false where `--no-doom-loop` was given. */
  readonly doomLoop?: boolean;
  /** false where `--no-cache-breaks` was given. */
  readonly cacheBreaks?: boolean;
}

/**
 * The budgets that hold: each flag before the setting of the same name, a limit for a tool before the file's
 * for the same statistic of the same tool.
 *
 * @throws {ConfigurationError} when there is none: a check of nothing must not look like one that passed
 */
export function budgetsOf(flags: BudgetFlags, file: CheckSettings = {}): readonly Budget[] {
  const kinds = ["cost", "tokens", "duration", "steps"] as const;
  const limits = {
    cost: flags.maxCost ?? file.maxCost,
    tokens: flags.maxTokens ?? file.maxTokens,
    duration: flags.maxDuration ?? file.maxDuration,
    steps: flags.maxSteps ?? file.maxSteps,
  };
  const tools = new Map<string, ToolBudget>();
  for (const budget of [...(file.maxTool ?? []), ...(flags.maxTool ?? [])]) {
    tools.set(JSON.stringify([budget.tool, budget.stat]), budget);
  }
  const none = {
    errors: flags.errors === false || file.noErrors === true,
    "tool-errors": flags.toolErrors === false || file.noToolErrors === true,
    "doom-loops": flags.doomLoop === false || file.noDoomLoop === true,
    "cache-breaks": flags.cacheBreaks === false || file.noCacheBreaks === true,
  };
  const budgets: readonly Budget[] = [
    ...kinds.flatMap((kind) => {
      const limit = limits[kind];
      return limit === undefined ? [] : [{ kind, limit }];
    }),
    ...tools.values(),
    ...(["errors", "tool-errors", "doom-loops", "cache-breaks"] as const).flatMap((kind) =>
      none[kind] ? [{ kind, limit: 0 as const }] : [],
    ),
  ];
  if (budgets.length > 0) return budgets;
  throw new ConfigurationError(
    "check",
    'No budget is given.\nGive at least one of --max-cost, --max-tokens, --max-duration, --max-steps, --max-tool, --no-errors, --no-tool-errors, --no-doom-loop and --no-cache-breaks, or set them under "check" in looptrace.config.json.',
  );
}
