import type { RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ReportRow, TraceData } from "../data/report-data.js";
import { excerptOf } from "./excerpt.js";
import { FilterBar } from "./filter-bar.js";
import { subagentTools, toggled } from "./folding.js";
import { type KeyAction, keyAction } from "./keys.js";
import { rowExtras } from "./row-extras.js";
import { type RowIndex, stepText } from "./row-index.js";
import { Grid, Ruler } from "./ruler.js";
import { nextMatch, type TextsOf } from "./search.js";
import { searchPattern } from "./segments.js";
import { Toolbar, type ToolbarProps } from "./toolbar.js";
import { Tooltip } from "./tooltip.js";
import { useMedia } from "./use-media.js";
import type { ShownRows } from "./use-shown-rows.js";
import { useVirtual } from "./use-virtual.js";
import type { Zoom } from "./use-zoom.js";
import { type RowActions, WaterfallRow } from "./waterfall-row.js";

interface WaterfallProps extends Pick<ToolbarProps, "query" | "onQuery" | "searchField" | "found" | "selected"> {
  readonly trace: TraceData;
  readonly index: RowIndex;
  readonly shown: ShownRows;
  readonly zoom: Zoom;
  readonly tree: RefObject<HTMLDivElement | null>;
  readonly textsOf: TextsOf;
  readonly onSelect: (row: number) => void;
  readonly onOpen: (row: number) => void;
  /** The selected row is to be opened by a key. */
  readonly onEnter: () => void;
}

/** The same as in the style sheet, px; on a narrow screen a row has a line for its bar. */
const ROW_HEIGHT = { wide: 28, narrow: 46 };
const RULER_HEIGHT = 28;

/** So much of what is shown lies before the first row that it follows. */
const LEAD = 0.05;

/** No system takes two clicks further apart for a double one. */
const DOUBLE_CLICK_MS = 1000;

/** On paper nothing scrolls; more rows than this would make a book. */
const MOST_PRINTED = 2000;

/** The rows of a trace on one axis of time. */
export function Waterfall(props: WaterfallProps) {
  const { trace, index, shown, zoom, tree, selected, onSelect, onOpen, found, query, textsOf } = props;
  const { rows } = trace;
  const { ends } = index;
  const { visible, folded, setFolded, longestFirst } = shown;
  const { view } = zoom;
  const isZoomed = view.from > zoom.all.from || view.to < zoom.all.to;
  const matches = useMemo(() => new Set(found.rows), [found]);
  const extrasOf = useMemo(() => rowExtras(trace, index), [trace, index]);
  const textOf = useMemo(() => foundTexts(query, textsOf), [query, textsOf]);
  const [hovered, hover] = useState<{ readonly row: number; readonly x: number; readonly y: number } | null>(null);
  // Then nothing can be scrolled, and all rows have to be there.
  const printing = useMedia("print");
  const height = useMedia("(max-width: 640px)") ? ROW_HEIGHT.narrow : ROW_HEIGHT.wide;
  const virtual = useVirtual(tree, visible.length, height, RULER_HEIGHT);

  useEffect(() => {
    const at = visible.indexOf(selected);
    if (at >= 0) virtual.scrollTo(at);
  }, [selected, visible]);

  const act = (action: KeyAction): void => {
    const row = rows[selected];
    if (action.do === "select") onSelect(action.row);
    else if (action.do === "fold" || action.do === "unfold") setFolded((now) => toggled(now, action.row));
    else if (action.do === "open") props.onEnter();
    else if (action.do === "zoom") zoom.zoom(action.factor, row && (row.start + row.end) / 2);
    else if (action.do === "pan") zoom.pan(action.share);
    else if (action.do === "whole") zoom.whole();
    else if (action.do === "fit-rows") fitRows();
    else if (row) zoom.zoomTo(row);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((tree.current?.clientHeight ?? 0) / height) - 1);
    const action = keyAction(event.key, event.shiftKey, { rows, ends, visible, folded, selected, page, longestFirst });
    if (!action) return;
    event.preventDefault();
    act(action);
  };

  const clicked = useRef({ row: -1, at: Number.NEGATIVE_INFINITY });
  // The first click may have opened the panel beneath the pointer: the second one still means the row.
  useEffect(() => {
    const onDoubleClick = (): void => {
      const { row, at } = clicked.current;
      const data = performance.now() - at < DOUBLE_CLICK_MS ? rows[row] : undefined;
      if (data) zoom.zoomTo(data);
    };
    document.addEventListener("dblclick", onDoubleClick);
    return () => document.removeEventListener("dblclick", onDoubleClick);
  }, [rows, zoom.all]);

  const actions = useActions({
    open: (row) => {
      hover(null);
      clicked.current = { row, at: performance.now() };
      onOpen(row);
    },
    toggle: (row) => {
      onSelect(row);
      setFolded((now) => toggled(now, row));
    },
    hover: (row, x, y) => hover({ row, x, y }),
    leave: () => hover(null),
  });

  /** The rows in sight, but for those that have others below them there. */
  const inSight = (): readonly ReportRow[] => {
    const { scrollTop = 0, clientHeight = 0 } = tree.current ?? {};
    const seen = visible.slice(Math.floor(scrollTop / height), Math.ceil((scrollTop + clientHeight) / height));
    return seen.flatMap((row) => (ends[row] === row + 1 || folded.has(row) ? (rows[row] ?? []) : []));
  };
  /** Where nothing that is shown was at work in the stretch that is drawn, the stretch comes along with the rows. */
  const follow = (): void => {
    const seen = inSight();
    const [first] = seen;
    if (!first || longestFirst || !isZoomed) return;
    if (seen.every(({ start, end }) => end < view.from || start > view.to)) {
      zoom.pan((first.start - view.from) / (view.to - view.from) - LEAD);
    }
  };
  const fitRows = (): void => {
    const seen = inSight();
    if (seen.length === 0) return;
    zoom.zoomTo({
      start: Math.min(...seen.map(({ start }) => start)),
      end: Math.max(...seen.map(({ end }) => end)),
    });
  };

  const goTo = (back: boolean): void => {
    const row = nextMatch(found.rows, selected, back);
    if (row !== null) onSelect(row);
  };

  const items = printing
    ? visible.slice(0, MOST_PRINTED).map((_, at) => ({ index: at, start: at * height }))
    : virtual.items;
  return (
    <>
      <Toolbar
        query={query}
        onQuery={props.onQuery}
        searchField={props.searchField}
        found={found}
        selected={selected}
        onNext={goTo}
        onZoom={(factor) => zoom.zoom(factor)}
        onWhole={zoom.whole}
        onFitRows={fitRows}
        onFold={(all) => setFolded(() => (all === "nothing" ? new Set() : foldsOf(rows, all)))}
        hasSubagents={index.subagents.length > 0}
      />
      <FilterBar
        rows={rows}
        index={index}
        filter={shown.filter}
        onFilter={shown.setFilter}
        longestFirst={longestFirst}
        onSort={shown.setLongestFirst}
        isSearching={query !== ""}
        isZoomed={isZoomed}
        wanted={shown.wanted}
      />
      <div class="frame">
        <div
          class="tree"
          ref={tree}
          role="tree"
          tabIndex={0}
          aria-label={longestFirst ? "Calls and tools, the longest first" : "Steps, calls and tools"}
          aria-activedescendant={`row-${selected}`}
          onKeyDown={onKeyDown}
          onWheel={zoom.onWheel}
          onScroll={() => {
            hover(null);
            follow();
          }}
        >
          <Ruler view={view} />
          <div
            class="rows"
            role="presentation"
            style={{ height: `${(printing ? items.length : visible.length) * height}px` }}
          >
            <Grid view={view} />
            {items.map(({ index: at, start }) => {
              const row = visible[at] ?? 0;
              const data = rows[row];
              if (!data) return null;
              const below = (ends[row] ?? 0) - row - 1;
              const isFolded = below > 0 && folded.has(row) && !longestFirst;
              const extras = extrasOf(row, isFolded);
              const isMatch = query !== "" && matches.has(row);
              return (
                <WaterfallRow
                  key={row}
                  index={row}
                  row={data}
                  top={start}
                  view={view}
                  state={below === 0 || longestFirst ? "leaf" : isFolded ? "folded" : "open"}
                  below={below}
                  depth={longestFirst ? 0 : data.depth}
                  inList={longestFirst}
                  step={index.steps[row] ?? null}
                  selected={row === selected}
                  match={query === "" ? "none" : isMatch ? "yes" : "no"}
                  query={isMatch ? query : ""}
                  tools={extras.tools}
                  pieces={extras.pieces}
                  path={extras.path}
                  gaps={extras.gaps}
                  text={isMatch ? textOf(row, data.name, extras.text) : extras.text}
                  actions={actions}
                />
              );
            })}
          </div>
        </div>
      </div>
      {visible.length === 0 && <p class="empty">No row is like that.</p>}
      <p class="hint">
        <span class="on-path-key" aria-hidden="true" /> what the turn's end really waited for
      </p>
      {printing && visible.length > MOST_PRINTED && (
        <p class="empty">{visible.length - MOST_PRINTED} more rows are not printed; fold what you do not need.</p>
      )}
      {hovered && rows[hovered.row] && !printing && (
        <Tooltip
          row={rows[hovered.row]}
          where={stepText(index, hovered.row)}
          gaps={extrasOf(hovered.row, false).gaps}
          x={hovered.x}
          y={hovered.y}
        />
      )}
    </>
  );
}

/** The same object as long as the waterfall is there, so that rows are not drawn anew for nothing. */
function useActions(now: RowActions): RowActions {
  const latest = useRef(now);
  latest.current = now;
  return useMemo(
    () => ({
      open: (row) => latest.current.open(row),
      toggle: (row) => latest.current.toggle(row),
      hover: (row, x, y) => latest.current.hover(row, x, y),
      leave: () => latest.current.leave(),
    }),
    [],
  );
}

/** What stands in a row that was found: its own text where that holds what was searched for, else an excerpt that does. */
function foundTexts(query: string, textsOf: TextsOf): (row: number, name: string, text: string) => string {
  const known = new Map<number, string>();
  const pattern = searchPattern(query);
  const holds = (text: string): boolean => {
    pattern.lastIndex = 0;
    return pattern.test(text);
  };
  return (row, name, text) => {
    if (holds(name) || holds(text)) return text;
    const before = known.get(row);
    if (before !== undefined) return before;
    const excerpt = excerptOf(textsOf(row), query) ?? text;
    known.set(row, excerpt);
    return excerpt;
  };
}

function foldsOf(rows: TraceData["rows"], all: "subagents" | "steps"): ReadonlySet<number> {
  if (all === "subagents") return subagentTools(rows);
  return new Set(rows.flatMap(({ kind }, index) => (kind === "step" ? [index] : [])));
}
