import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import type { PathPart, ReportRow } from "../data/report-data.js";
import {
  longestFirst as byLength,
  EVERYTHING,
  isFiltering,
  type RowFilter,
  wantedRows,
  withAncestors,
  withoutFolded,
} from "./filters.js";
import { initialFolds, revealed } from "./folding.js";
import type { RowIndex } from "./row-index.js";
import type { Viewport } from "./viewport.js";

/** Which rows are shown, in which order, and how that is changed. */
export interface ShownRows {
  /** From top to bottom. */
  readonly visible: readonly number[];
  readonly folded: ReadonlySet<number>;
  readonly setFolded: (change: (folded: ReadonlySet<number>) => ReadonlySet<number>) => void;
  readonly filter: RowFilter;
  readonly setFilter: (filter: RowFilter) => void;
  /** A list of what took time, the longest first; else the tree, in the order of time. */
  readonly longestFirst: boolean;
  readonly setLongestFirst: (longestFirst: boolean) => void;
  /** How many rows pass the filter. */
  readonly wanted: number;
}

interface Asked {
  readonly rows: readonly ReportRow[];
  readonly index: RowIndex;
  readonly path: readonly PathPart[];
  readonly found: readonly number[];
  readonly view: Viewport;
  readonly selected: number;
}

export function useShownRows({ rows, index, path, found, view, selected }: Asked): ShownRows {
  const [filter, setFilter] = useState(EVERYTHING);
  const [longestFirst, setLongestFirst] = useState(false);
  const [folded, setFolded] = useState(() => initialFolds(rows));
  // What a filter shows was asked for: nothing of it is folded but what a hand folds.
  const [filteredFolds, setFilteredFolds] = useState<ReadonlySet<number>>(NOTHING);
  const isFiltered = isFiltering(filter);
  const onPath = useMemo(
    () => new Set(path.flatMap(({ row, of }) => (of === "opencode" || of === "idle" ? [] : [row]))),
    [path],
  );
  const matches = useMemo(() => new Set(filter.found ? found : []), [found, filter.found]);
  const stretch = filter.inSight ? view : null;
  const wanted = useMemo(
    () =>
      isFiltered
        ? wantedRows(rows, filter, { index, found: matches, onPath, view: stretch ?? view })
        : rows.map((_, at) => at),
    [rows, index, filter, matches, onPath, stretch],
  );
  const shown = useMemo(
    () => (longestFirst ? byLength(rows, wanted) : isFiltered ? withAncestors(rows, wanted) : wanted),
    [rows, wanted, longestFirst, isFiltered],
  );
  const folds = isFiltered ? filteredFolds : folded;
  const visible = useMemo(
    () => (longestFirst ? shown : withoutFolded(shown, index.ends, folds)),
    [shown, index, folds, longestFirst],
  );
  // Wherever a row was chosen, it has to be in sight.
  useLayoutEffect(() => {
    setFolded((now) => revealed(now, rows, selected));
    setFilteredFolds((now) => revealed(now, rows, selected));
  }, [rows, selected]);
  return {
    visible,
    folded: folds,
    setFolded: isFiltered ? setFilteredFolds : setFolded,
    filter,
    setFilter: (next) => {
      setFilter(next);
      setFilteredFolds(NOTHING);
    },
    longestFirst,
    setLongestFirst,
    wanted: wanted.length,
  };
}

const NOTHING: ReadonlySet<number> = new Set();
