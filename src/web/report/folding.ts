/** A row, as far as its place in the tree is concerned; parents stand before their children. */
export interface TreeNode {
  readonly parent: number;
  readonly kind: string;
}

/** For each row the index behind the last row below it. */
export function subtreeEnds(rows: readonly TreeNode[]): readonly number[] {
  const ends = rows.map((_, index) => index + 1);
  for (let index = rows.length - 1; index > 0; index -= 1) {
    const parent = rows[index]?.parent ?? -1;
    if (parent >= 0) ends[parent] = Math.max(ends[parent] ?? 0, ends[index] ?? 0);
  }
  return ends;
}

/** The rows that are shown, by their indexes: none below a folded one. */
export function visibleRows(ends: readonly number[], folded: ReadonlySet<number>): readonly number[] {
  const visible: number[] = [];
  for (let index = 0; index < ends.length; ) {
    visible.push(index);
    index = folded.has(index) ? (ends[index] ?? index + 1) : index + 1;
  }
  return visible;
}

/** The rows above one, the nearest first. */
export function ancestorsOf(rows: readonly TreeNode[], index: number): readonly number[] {
  const above: number[] = [];
  for (let at = rows[index]?.parent ?? -1; at >= 0; at = rows[at]?.parent ?? -1) above.push(at);
  return above;
}

/** The rows directly below one. */
export function childrenOf(rows: readonly TreeNode[], ends: readonly number[], index: number): readonly number[] {
  const below: number[] = [];
  for (let at = index + 1; at < (ends[index] ?? 0); at = ends[at] ?? at + 1)
    if (rows[at]?.parent === index) below.push(at);
  return below;
}

/** The tools that started a subagent: folding them leaves the turn's own loop. */
export function subagentTools(rows: readonly TreeNode[]): ReadonlySet<number> {
  return new Set(rows.flatMap(({ kind, parent }) => (kind === "loop" && parent >= 0 ? [parent] : [])));
}

/** Folds what is open and opens what is folded. */
export function toggled(folded: ReadonlySet<number>, index: number): ReadonlySet<number> {
  const next = new Set(folded);
  if (!next.delete(index)) next.add(index);
  return next;
}

/** The folds without those that hide a row. */
export function revealed(folded: ReadonlySet<number>, rows: readonly TreeNode[], index: number): ReadonlySet<number> {
  const above = new Set(ancestorsOf(rows, index));
  const rest = [...folded].filter((one) => !above.has(one));
  return rest.length === folded.size ? folded : new Set(rest);
}

/** More rows than this are too many to begin with. */
const MOST_OPEN = 400;

/**
 * What is folded when a trace is opened: nothing of a short one; of a long one the steps, which show their tools then,
 * and the subagents.
 */
export function initialFolds(rows: readonly TreeNode[]): ReadonlySet<number> {
  if (rows.length <= MOST_OPEN) return new Set();
  return new Set([...subagentTools(rows), ...rows.flatMap(({ kind }, index) => (kind === "step" ? [index] : []))]);
}
