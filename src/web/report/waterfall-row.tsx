import { Component } from "preact";
import { duration } from "../../text/format.js";
import type { ReportRow } from "../data/report-data.js";
import { Pieces } from "./content.js";
import type { CalledTool, Piece } from "./folded-rows.js";
import { type Gap, gapName, type Stretch } from "./path-marks.js";
import { stepNumber } from "./row-index.js";
import { percentAt, type Viewport } from "./viewport.js";

/** What a hand does with rows; the same as long as the waterfall is there. */
export interface RowActions {
  readonly open: (row: number) => void;
  readonly toggle: (row: number) => void;
  readonly hover: (row: number, x: number, y: number) => void;
  readonly leave: () => void;
}

export interface WaterfallRowProps {
  readonly index: number;
  readonly row: ReportRow;
  /** px from the top of the list */
  readonly top: number;
  readonly view: Viewport;
  readonly state: "leaf" | "open" | "folded";
  /** How many rows are below it. */
  readonly below: number;
  /** Its place in the tree; in a list all stand at the edge. */
  readonly depth: number;
  /** The way to the step that it is, or stands in. */
  readonly step: string | null;
  /** In a list rows do not stand below what they are in. */
  readonly inList: boolean;
  readonly selected: boolean;
  /** `none`: there is no search. */
  readonly match: "yes" | "no" | "none";
  readonly query: string;
  /** What stands behind the name. */
  readonly text: string;
  /** Of a folded step. */
  readonly tools: readonly CalledTool[];
  /** Of a folded row: the bars of those that it hides. */
  readonly pieces: readonly Piece[];
  /** What of it the turn's end waited for. */
  readonly path: readonly Stretch[];
  /** What passed before it, and neither a model nor a tool was waited for. */
  readonly gaps: readonly Gap[];
  readonly actions: RowActions;
}

/** One row: its place in the tree, its name, and its bar on the axis of time. It is drawn anew only when it changes. */
export class WaterfallRow extends Component<WaterfallRowProps> {
  override shouldComponentUpdate(next: WaterfallRowProps): boolean {
    const names = Object.keys(next) as (keyof WaterfallRowProps)[];
    return names.some((name) => next[name] !== this.props[name]);
  }

  override render(props: WaterfallRowProps) {
    const { index, row, state, match, query, step, actions } = props;
    const named = row.step !== undefined;
    return (
      // The tree has the keyboard, and tells which of its rows is active.
      // biome-ignore lint/a11y/useKeyWithClickEvents: see above
      // biome-ignore lint/a11y/useFocusableInteractive: see above
      <div
        id={`row-${index}`}
        class={`row ${row.kind} ${row.tone} ${props.selected ? "selected" : ""} ${match === "no" ? "other" : ""} ${match === "yes" ? "match" : ""}`}
        role="treeitem"
        aria-level={props.depth + 1}
        aria-selected={props.selected}
        aria-expanded={state === "leaf" ? undefined : state === "open"}
        style={{ top: `${props.top}px` }}
        onClick={() => actions.open(index)}
      >
        <span
          class="name"
          style={{ paddingLeft: `calc(var(--gutter) + var(--indent) * ${Math.min(props.depth, DEEPEST)})` }}
        >
          <span class="at" aria-hidden="true" title={step === null ? undefined : `step ${step}`}>
            {step === null ? "" : props.inList ? shortPath(step) : stepNumber(step)}
          </span>
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
                actions.toggle(index);
              }}
            />
          )}
          <span class={`dot ${row.kind} ${row.tone}`} />
          <b class="content">
            <Pieces text={row.name} query={query} />
          </b>
          {!named && step !== null && <span class="unseen">, step {step}</span>}
          {state === "folded" && <span class="below">{props.below}</span>}
          {props.tools.length > 0 && <Tools tools={props.tools} />}
          <span class="text content">
            <Pieces text={props.text} query={query} />
          </span>
        </span>
        <span
          class="lane"
          onPointerMove={(event) => {
            if (event.pointerType === "mouse") actions.hover(index, event.clientX, event.clientY);
          }}
          onPointerLeave={actions.leave}
        >
          <span class="axis">
            <Gaps gaps={props.gaps} view={props.view} />
            <Bar row={row} pieces={props.pieces} view={props.view} />
            <Path stretches={props.path} view={props.view} />
          </span>
        </span>
      </div>
    );
  }
}

/** A longer way has no room before a row. */
const LONGEST_PATH = 5;

function shortPath(step: string): string {
  return step.length > LONGEST_PATH ? `…/${stepNumber(step)}` : step;
}

/** More levels than this would push the names out of sight. */
const DEEPEST = 12;

/** So many tools are named. */
const MOST_TOOLS = 6;

function Tools({ tools }: { readonly tools: readonly CalledTool[] }) {
  return (
    <span class="chips">
      {tools.slice(0, MOST_TOOLS).map(({ name, times, failed }) => (
        <span key={name} class={failed > 0 ? "chip warning" : "chip"}>
          {name}
          {times > 1 && ` ×${times}`}
          {failed > 0 && (times > 1 ? `, ${failed} failed` : " failed")}
        </span>
      ))}
      {tools.length > MOST_TOOLS && <span class="chip">…</span>}
    </span>
  );
}

interface BarProps {
  readonly row: ReportRow;
  readonly pieces: readonly Piece[];
  readonly view: Viewport;
}

function Bar({ row, pieces, view }: BarProps) {
  const left = clamped(percentAt(view, row.start));
  const right = clamped(percentAt(view, row.end));
  if (isOutside(row, view)) return null;
  if (row.kind === "event") return <span class={`mark ${row.tone}`} style={{ left: `${left}%` }} />;
  const waited = row.firstToken === null ? left : clamped(percentAt(view, row.firstToken));
  return (
    <>
      <span
        class={`bar ${row.kind} ${row.tone} ${row.exact ? "" : "bounded"} ${pieces.length > 0 ? "folded" : ""}`}
        style={{ left: `${left}%`, width: `${right - left}%` }}
      >
        {waited > left && right > left && (
          <span class="waited" style={{ width: `${((waited - left) / (right - left)) * 100}%` }} />
        )}
      </span>
      {pieces.map((piece, at) => (
        // Pieces have no other identity than their places.
        <Stretched key={at} stretch={piece} view={view} name={`piece ${piece.kind} ${piece.failed ? "failed" : ""}`} />
      ))}
      <span class="time" style={{ left: `${right}%` }}>
        {row.exact ? "" : "~"}
        {duration(row.end - row.start)}
      </span>
    </>
  );
}

function Path({ stretches, view }: { readonly stretches: readonly Stretch[]; readonly view: Viewport }) {
  return (
    <>
      {stretches.map((stretch) => (
        <Stretched key={stretch.start} stretch={stretch} view={view} name="on-path" />
      ))}
    </>
  );
}

/** A gap that is narrower, as a share of what is shown, has no room for its label. */
const LABELLED = 0.06;

/** What a gap took stands first: where there is little room, the rest is cut. */
function Gaps({ gaps, view }: { readonly gaps: readonly Gap[]; readonly view: Viewport }) {
  return (
    <>
      {gaps.map((gap) => {
        const seen = Math.min(gap.end, view.to) - Math.max(gap.start, view.from);
        return (
          <Stretched key={gap.start} stretch={gap} view={view} name="gap">
            {seen / (view.to - view.from) >= LABELLED && (
              <span class="gap-label">
                {duration(gap.end - gap.start)} {gapName(gap)}
              </span>
            )}
          </Stretched>
        );
      })}
    </>
  );
}

interface StretchedProps {
  readonly stretch: Stretch;
  readonly view: Viewport;
  readonly name: string;
  readonly children?: preact.ComponentChildren;
}

function Stretched({ stretch, view, name, children }: StretchedProps) {
  if (isOutside(stretch, view)) return null;
  const left = clamped(percentAt(view, stretch.start));
  return (
    <span class={name} style={{ left: `${left}%`, width: `${clamped(percentAt(view, stretch.end)) - left}%` }}>
      {children}
    </span>
  );
}

function isOutside({ start, end }: Stretch, view: Viewport): boolean {
  return end < view.from || start > view.to;
}

function clamped(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
