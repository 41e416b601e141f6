import { duration } from "../../text/format.js";
import type { ReportRow } from "../data/report-data.js";
import { percentAt, type Viewport } from "./viewport.js";

interface WaterfallRowProps {
  readonly index: number;
  readonly row: ReportRow;
  /** px from the top of the list */
  readonly top: number;
  readonly view: Viewport;
  readonly state: "leaf" | "open" | "folded";
  /** How many rows are below it. */
  readonly below: number;
  readonly selected: boolean;
  /** `none`: there is no search. */
  readonly match: "yes" | "no" | "none";
  readonly onOpen: () => void;
  readonly onToggle: () => void;
  readonly onZoomTo: () => void;
  readonly onHover: (x: number, y: number) => void;
  readonly onLeave: () => void;
}

/** One row: its place in the tree, its name, and its bar on the axis of time. */
export function WaterfallRow(props: WaterfallRowProps) {
  const { row, state, match } = props;
  return (
    // The tree has the keyboard, and tells which of its rows is active.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    // biome-ignore lint/a11y/useFocusableInteractive: see above
    <div
      id={`row-${props.index}`}
      class={`row ${row.kind} ${row.tone} ${props.selected ? "selected" : ""} ${match === "no" ? "other" : ""} ${match === "yes" ? "match" : ""}`}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-selected={props.selected}
      aria-expanded={state === "leaf" ? undefined : state === "open"}
      style={{ transform: `translateY(${props.top}px)` }}
      onClick={props.onOpen}
      onDblClick={props.onZoomTo}
    >
      <span class="name" style={{ paddingLeft: `calc(var(--indent) * ${Math.min(row.depth, DEEPEST)})` }}>
        {state === "leaf" ? (
          <span class="fold" />
        ) : (
          <button
            type="button"
            class="fold"
            tabIndex={-1}
            aria-label={state === "open" ? "Fold" : "Unfold"}
            onClick={(event) => {
              event.stopPropagation();
              props.onToggle();
            }}
          />
        )}
        <span class={`dot ${row.kind} ${row.tone}`} />
        <b>{row.name}</b>
        {state === "folded" && <span class="below">{props.below}</span>}
        <span class="text content">{row.text}</span>
      </span>
      <span
        class="lane"
        onPointerMove={(event) => {
          if (event.pointerType === "mouse") props.onHover(event.clientX, event.clientY);
        }}
        onPointerLeave={props.onLeave}
      >
        <span class="axis">
          <Bar row={row} view={props.view} />
        </span>
      </span>
    </div>
  );
}

/** More levels than this would push the names out of sight. */
const DEEPEST = 12;

function Bar({ row, view }: { readonly row: ReportRow; readonly view: Viewport }) {
  const left = clamped(percentAt(view, row.start));
  const right = clamped(percentAt(view, row.end));
  const outside = row.end < view.from || row.start > view.to;
  if (outside) return null;
  if (row.kind === "event") return <span class={`mark ${row.tone}`} style={{ left: `${left}%` }} />;
  const waited = row.firstToken === null ? left : clamped(percentAt(view, row.firstToken));
  return (
    <>
      <span
        class={`bar ${row.kind} ${row.tone} ${row.exact ? "" : "bounded"}`}
        style={{ left: `${left}%`, width: `${right - left}%` }}
      >
        {waited > left && right > left && (
          <span class="waited" style={{ width: `${((waited - left) / (right - left)) * 100}%` }} />
        )}
      </span>
      <span class="time" style={{ left: `${right}%` }}>
        {row.exact ? "" : "~"}
        {duration(row.end - row.start)}
      </span>
    </>
  );
}

function clamped(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
