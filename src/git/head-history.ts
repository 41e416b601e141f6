/** What a HEAD was at, read out of its reflog. */
import type { GitFacts } from "./git-facts.js";

/** One entry of a reflog. */
export interface ReflogEntry {
  /** ms since the epoch, a whole second. */
  readonly at: number;
  /** What the HEAD came to. */
  readonly commit: string;
  /** What git says of it, such as `checkout: moving from main to fix`. */
  readonly message: string;
}

/** What the repository knows of its names now. */
export interface KnownNames {
  /** The branch that the HEAD is at; null where it is detached. */
  readonly current: string | null;
  readonly branches: ReadonlySet<string>;
  /** Tags, and branches of other repositories: checked out, they are no branch. */
  readonly others: ReadonlySet<string>;
}

/** What was there at a moment, ms since the epoch; null where the reflog does not tell. */
export type HeadHistory = (at: number) => GitFacts | null;

interface State {
  readonly from: number;
  readonly commit: string;
  readonly branch: string | null;
}

/**
 * @param entries in the order of time; a reflog that lost its older ones tells nothing of the time before
 */
export function headHistory(entries: readonly ReflogEntry[], names: KnownNames): HeadHistory {
  const states = statesOf(entries, names);
  return (at) => {
    const state = states.findLast(({ from }) => from <= at);
    return state ? { branch: state.branch, commit: state.commit, pullRequest: null } : null;
  };
}

/** `undefined`: nothing was told yet. */
type Branch = string | null | undefined;

function statesOf(entries: readonly ReflogEntry[], names: KnownNames): readonly State[] {
  let branch: Branch;
  const told = movesIn(entries, names).map((move, index) => {
    if (move) branch = move.to;
    return { index, from: move?.from, branch };
  });
  // What came before the first move is told by where that went from; without any move nothing has changed since.
  const first = told.find((one) => one.branch !== undefined);
  const began = first ? first.from : names.current;
  // Where the HEAD is now is not where the reflog has it go: something moved it that is not told.
  const isTold = branch === undefined || branch === names.current;
  const last = told.findLastIndex(({ from }) => from !== undefined);
  return entries.map(({ at, commit }, index) => {
    const now = told[index]?.branch;
    const known = now === undefined ? began : now;
    return { from: at, commit, branch: isTold || index < last ? (known ?? null) : null };
  });
}

interface Move {
  /** undefined where the entry does not say. */
  readonly from: Branch;
  readonly to: string | null;
}

function movesIn(entries: readonly ReflogEntry[], names: KnownNames): readonly (Move | undefined)[] {
  // Read backwards: a rebase says at its end which branch it is about.
  let back: Branch;
  return entries
    .toReversed()
    .map(({ message }): Move | undefined => {
      const [, from = "", to = ""] = /^checkout: moving from (\S+) to (\S+)$/.exec(message) ?? [];
      if (to !== "") return { from: branchCalled(from, names), to: branchCalled(to, names) };
      const [, old, renamed] = /^Branch: renamed refs\/heads\/(\S+) to refs\/heads\/(\S+)$/.exec(message) ?? [];
      if (renamed !== undefined) return { from: old, to: renamed };
      const [, end] = /^(?:rebase|pull)\b.*\((?:finish|abort)\): returning to refs\/heads\/(\S+)$/.exec(message) ?? [];
      if (end !== undefined) {
        back = end;
        return { from: null, to: end };
      }
      // In between there is no branch.
      if (!/^(?:rebase|pull)\b.*\(start\): checkout /.test(message)) return undefined;
      const move = { from: back, to: null };
      back = undefined;
      return move;
    })
    .reverse();
}

/** What was checked out by a name: a branch that is or was there; null for a tag, a commit or the like. */
function branchCalled(name: string, { branches, others }: KnownNames): string | null {
  if (branches.has(name)) return name;
  if (others.has(name) || /^[0-9a-f]{7,64}$/.test(name) || /[~^:@]|^HEAD$|^refs\//.test(name)) return null;
  return name;
}
