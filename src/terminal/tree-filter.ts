import { isTrouble, type RowFacts, type RowNode } from "../analysis/tree-rows.js";

/** Which rows of a tree are shown; what stands above one that is shown stands there too. */
export interface RowFilter {
  /** Levels below the turn's loop: 1 its steps, 2 their calls, tools, retries and events, 3 the subagents' loops, … */
  readonly depth?: number | undefined;
  /** Only what went wrong. */
  readonly errors?: boolean | undefined;
  /** Only calls, tools and retries that took so long at least, in ms. */
  readonly slowMs?: number | undefined;
}

export interface FilteredTree {
  readonly tree: RowNode;
  /** How many rows were left out. */
  readonly hidden: number;
  /** Whether some row is what was asked for; else nothing but the turn's loop is left. */
  readonly found: boolean;
}

/**
 * The tree without what the filter leaves out. First rows are chosen by `errors` and `slowMs`, a row has to be both
 * where both are given; then what lies too deep goes, so that the rows above it still tell where it is.
 */
export function filterTree(tree: RowNode, filter: RowFilter): FilteredTree {
  const chosen = chooses(filter) ? choose(tree, filter) : tree;
  const shown = cutOff(chosen ?? { ...tree, below: [] }, filter.depth ?? Number.POSITIVE_INFINITY);
  return { tree: shown, hidden: rowCount(tree) - rowCount(shown), found: chosen !== undefined };
}

function chooses({ errors, slowMs }: RowFilter): boolean {
  return errors === true || slowMs !== undefined;
}

function choose(node: RowNode, filter: RowFilter): RowNode | undefined {
  const kept = node.below.flatMap((one) => choose(one, filter) ?? []);
  return kept.length > 0 || isWanted(node.facts, filter) ? { ...node, below: kept } : undefined;
}

function isWanted(facts: RowFacts, { errors, slowMs }: RowFilter): boolean {
  if (errors && !isTrouble(facts)) return false;
  return slowMs === undefined || (facts.longest !== null && facts.longest >= slowMs);
}

function cutOff(node: RowNode, depth: number): RowNode {
  return { ...node, below: depth < 1 ? [] : node.below.map((one) => cutOff(one, depth - 1)) };
}

function rowCount({ below }: RowNode): number {
  return below.reduce((sum, node) => sum + rowCount(node), 1);
}
