import type { RefObject } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { TraceData } from "../data/report-data.js";
import { initialFolds, revealed, subagentTools, subtreeEnds, toggled, visibleRows } from "./folding.js";
import { type KeyAction, keyAction } from "./keys.js";
import { Grid, Ruler } from "./ruler.js";
import { nextMatch } from "./search.js";
import { Toolbar, type ToolbarProps } from "./toolbar.js";
import { Tooltip } from "./tooltip.js";
import { useMedia } from "./use-media.js";

import { useVirtual } from "./use-virtual.js";
import { useZoom } from "./use-zoom.js";
import { WaterfallRow } from "./waterfall-row.js";

interface WaterfallProps extends Pick<ToolbarProps, "query" | "onQuery" | "searchField" | "found" | "selected"> {
  readonly trace: TraceData;
  readonly tree: RefObject<HTMLDivElement | null>;
  readonly onSelect: (row: number) => void;
  readonly onOpen: (row: number) => void;
  /** The selected row is to be opened by a key. */
  readonly onEnter: () => void;
}

/** The same as in the style sheet, px. */
const ROW_HEIGHT = 28;

/** On paper nothing scrolls; more rows than this would make a book. */
const MOST_PRINTED = 2000;

/** The rows of a trace on one axis of time. */
export function Waterfall(props: WaterfallProps) {
  const { trace, tree, selected, onSelect, onOpen, found, query } = props;
  const { rows, duration } = trace;
  const ends = useMemo(() => subtreeEnds(rows), [rows]);
  const [folded, setFolded] = useState(() => initialFolds(rows));
  const visible = useMemo(() => visibleRows(ends, folded), [ends, folded]);
  const matches = useMemo(() => new Set(found.rows), [found]);
  const { view, zoom, pan, zoomTo, whole, onWheel } = useZoom(duration);
  const [hovered, hover] = useState<{ readonly row: number; readonly x: number; readonly y: number } | null>(null);
  // Then nothing can be scrolled, and all rows have to be there.
  const printing = useMedia("print");
  const virtual = useVirtual(tree, visible.length, ROW_HEIGHT, ROW_HEIGHT);

  // Wherever a row was chosen, it has to be in sight.
  useEffect(() => setFolded((folds) => revealed(folds, rows, selected)), [rows, selected]);
  useEffect(() => {
    const at = visible.indexOf(selected);
    if (at >= 0) virtual.scrollTo(at);
  }, [selected, visible.length]);

  const act = (action: KeyAction): void => {
    const row = rows[selected];
    if (action.do === "select") onSelect(action.row);
    else if (action.do === "fold" || action.do === "unfold") setFolded(toggled(folded, action.row));
    else if (action.do === "open") props.onEnter();
    else if (action.do === "zoom") zoom(action.factor, row && (row.start + row.end) / 2);
    else if (action.do === "pan") pan(action.share);
    else if (action.do === "whole") whole();
    else if (row) zoomTo(row);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((tree.current?.clientHeight ?? 0) / ROW_HEIGHT) - 1);
    const action = keyAction(event.key, event.shiftKey, { rows, ends, visible, folded, selected, page });
    if (!action) return;
    event.preventDefault();
    act(action);
  };

  const goTo = (back: boolean): void => {
    const row = nextMatch(found.rows, selected, back);
    if (row !== null) onSelect(row);
  };

  const items = printing
    ? visible.slice(0, MOST_PRINTED).map((_, index) => ({ index, start: index * ROW_HEIGHT }))
    : virtual.items;
  return (
    <section class="waterfall" aria-label="Waterfall">
      <h2>Waterfall</h2>
      <Toolbar
        query={query}
        onQuery={props.onQuery}
        searchField={props.searchField}
        found={found}
        selected={selected}
        onNext={goTo}
        onZoom={(factor) => zoom(factor)}
        onWhole={whole}
        onFold={(all) => setFolded(all === "nothing" ? new Set() : foldsOf(rows, all))}
        hasSubagents={rows.some(({ kind, parent }) => kind === "loop" && parent >= 0)}
      />
      <div class="frame">
        <div
          class="tree"
          ref={tree}
          role="tree"
          tabIndex={0}
          aria-label="Steps, calls and tools"
          aria-activedescendant={`row-${selected}`}
          onKeyDown={onKeyDown}
          onWheel={onWheel}
          onScroll={() => hover(null)}
        >
          <Ruler view={view} />
          <div
            class="rows"
            role="presentation"
            style={{ height: `${(printing ? items.length : visible.length) * ROW_HEIGHT}px` }}
          >
            <Grid view={view} />
            {items.map(({ index, start }) => {
              const row = visible[index] ?? 0;
              const data = rows[row];
              if (!data) return null;
              const below = (ends[row] ?? 0) - row - 1;
              return (
                <WaterfallRow
                  key={row}
                  index={row}
                  row={data}
                  top={start}
                  view={view}
                  state={below === 0 ? "leaf" : folded.has(row) ? "folded" : "open"}
                  below={below}
                  selected={row === selected}
                  match={query === "" ? "none" : matches.has(row) ? "yes" : "no"}
                  onOpen={() => {
                    hover(null);
                    onOpen(row);
                  }}
                  onToggle={() => {
                    onSelect(row);
                    setFolded(toggled(folded, row));
                  }}
                  onZoomTo={() => zoomTo(data)}
                  onHover={(x, y) => hover({ row, x, y })}
                  onLeave={() => hover(null)}
                />
              );
            })}
          </div>
        </div>
      </div>
      {printing && visible.length > MOST_PRINTED && (
        <p class="empty">{visible.length - MOST_PRINTED} more rows are not printed; fold what you do not need.</p>
      )}
      {hovered && rows[hovered.row] && !printing && <Tooltip row={rows[hovered.row]} x={hovered.x} y={hovered.y} />}
    </section>
  );
}

function foldsOf(rows: TraceData["rows"], all: "subagents" | "steps"): ReadonlySet<number> {
  if (all === "subagents") return subagentTools(rows);
  return new Set(rows.flatMap(({ kind }, index) => (kind === "step" ? [index] : [])));
}
