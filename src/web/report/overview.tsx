import { useEffect, useMemo, useRef } from "preact/hooks";
import { duration as durationText } from "../../text/format.js";
import type { TraceData } from "../data/report-data.js";
import { axisText } from "./axis-text.js";
import { brushed, edgeMoved, type Grip } from "./brush.js";
import { drawOverview } from "./draw-overview.js";
import type { RowIndex } from "./row-index.js";
import type { Zoom } from "./use-zoom.js";
import { panned, percentAt, ticks, type Viewport, zoomed } from "./viewport.js";

interface OverviewProps {
  readonly trace: TraceData;
  readonly index: RowIndex;
  readonly zoom: Zoom;
  readonly selected: number;
  /** The rows that are marked, since they were searched for. */
  readonly found: readonly number[];
  readonly isDark: boolean;
  /** A moment was pointed at, and no stretch was drawn. */
  readonly onMoment: (at: number) => void;
  /** A stretch was chosen. */
  readonly onStretch: (view: Viewport) => void;
}

const MOST_TICKS = 8;

/** A hand trembles by so much without meaning it, px. */
const TREMBLE = 4;

/** All of a trace in one line, and the stretch of it that the rows below show: drawn, moved and cut by its edges. */
export function Overview({ trace, index, zoom, selected, found, isDark, onMoment, onStretch }: OverviewProps) {
  const { view, all, show } = zoom;
  const { rows, duration } = trace;
  const strip = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const isWhole = view.from <= all.from && view.to >= all.to;
  useEffect(() => {
    const { current } = canvas;
    if (!current) return;
    const draw = (): void => drawOverview(current, { rows, ends: index.ends, duration, found });
    draw();
    const watch = new ResizeObserver(draw);
    watch.observe(current);
    return () => watch.disconnect();
  }, [rows, index, duration, found, isDark]);

  const onPointerDown = (event: PointerEvent): void => {
    const { current } = strip;
    if (!current || event.button !== 0) return;
    const box = current.getBoundingClientRect();
    const momentAt = (x: number): number => {
      const share = Math.min(1, Math.max(0, (x - box.left) / box.width));
      return all.from + share * (all.to - all.from);
    };
    const grip = gripOf(event.target, isWhole);
    const from = momentAt(event.clientX);
    let moved = false;
    let shown = view;
    const onMove = ({ clientX }: PointerEvent): void => {
      moved ||= Math.abs(clientX - event.clientX) > TREMBLE;
      if (!moved) return;
      shown = brushed(view, grip, from, momentAt(clientX), all);
      show(shown);
    };
    const onUp = (): void => {
      stop();
      if (moved) onStretch(shown);
      else if (grip === "new" || grip === "window") onMoment(from);
    };
    const stop = (): void => {
      current.removeEventListener("pointermove", onMove);
      current.removeEventListener("pointerup", onUp);
      current.removeEventListener("pointercancel", stop);
    };
    current.setPointerCapture(event.pointerId);
    current.addEventListener("pointermove", onMove);
    current.addEventListener("pointerup", onUp);
    current.addEventListener("pointercancel", stop);
  };

  const take = (event: KeyboardEvent, next: Viewport | null): void => {
    if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    show(next);
    onStretch(next);
  };
  const marks = useMemo(() => ticks(all, MOST_TICKS), [all]);
  const step = (marks[1] ?? 0) - (marks[0] ?? 0);
  const left = percentAt(all, view.from);
  const right = percentAt(all, view.to);
  const row = rows[selected];
  return (
    <fieldset class={`overview ${isWhole ? "whole" : ""}`} aria-label="Overview of the turn">
      {/* What can be held in it has the keyboard. */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: see above */}
      <div class="strip" ref={strip} onPointerDown={onPointerDown} onDblClick={zoom.whole}>
        <canvas ref={canvas} role="img" aria-label={overviewText(trace)} />
        {row && selected > 0 && (
          <span
            class="here"
            style={{
              left: `${percentAt(all, row.start)}%`,
              width: `${percentAt(all, row.end) - percentAt(all, row.start)}%`,
            }}
          />
        )}
        <span class="shade" style={{ left: "0", width: `${left}%` }} />
        <span class="shade" style={{ left: `${right}%`, right: "0" }} />
        <span
          class="window"
          role="slider"
          tabIndex={0}
          aria-label="Stretch of time that is shown"
          aria-valuemin={all.from}
          aria-valuemax={Math.round(all.to)}
          aria-valuenow={Math.round(view.from)}
          aria-valuetext={`${durationText(view.from)} to ${durationText(view.to)}`}
          style={{ left: `${left}%`, width: `${right - left}%` }}
          onKeyDown={(event) => take(event, windowMoved(view, event.key, all))}
        />
        {(["from", "to"] as const).map((edge) => (
          <span
            key={edge}
            class={`edge ${edge}`}
            role="slider"
            tabIndex={0}
            aria-label={edge === "from" ? "Begin of what is shown" : "End of what is shown"}
            aria-valuemin={all.from}
            aria-valuemax={Math.round(all.to)}
            aria-valuenow={Math.round(view[edge])}
            aria-valuetext={durationText(view[edge])}
            style={{ left: `${edge === "from" ? left : right}%` }}
            onKeyDown={(event) => take(event, edgeMoved(view, edge, event.key, all))}
          />
        ))}
      </div>
      <div class="moments" aria-hidden="true">
        {marks.map((at) => (
          <span key={at} class="tick" style={{ left: `${percentAt(all, at)}%` }}>
            {axisText(at, step)}
          </span>
        ))}
      </div>
    </fieldset>
  );
}

/** On the whole trace there is nothing to be moved: there a new stretch is drawn. */
function gripOf(target: EventTarget | null, isWhole: boolean): Grip {
  if (!(target instanceof Element)) return "new";
  if (target.matches(".edge.from")) return "from";
  if (target.matches(".edge.to")) return "to";
  return target.matches(".window") && !isWhole ? "window" : "new";
}

/** What a key does with the window: arrows move it, plus and minus zoom, 0 shows all. */
function windowMoved(view: Viewport, key: string, all: Viewport): Viewport | null {
  const middle = (view.from + view.to) / 2;
  const moves: Readonly<Record<string, () => Viewport>> = {
    ArrowLeft: () => panned(view, -0.1, all),
    ArrowRight: () => panned(view, 0.1, all),
    PageUp: () => panned(view, -1, all),
    PageDown: () => panned(view, 1, all),
    Home: () => panned(view, -1e9, all),
    End: () => panned(view, 1e9, all),
    "+": () => zoomed(view, 0.5, middle, all),
    "=": () => zoomed(view, 0.5, middle, all),
    "-": () => zoomed(view, 2, middle, all),
    "0": () => all,
  };
  return moves[key]?.() ?? null;
}

function overviewText({ duration, account, errors }: TraceData): string {
  const parts = account.map(({ label, percent }) => `${label} ${percent}%`).join(", ");
  const failed = errors.length === 0 ? "" : `; ${errors.length} errors`;
  return `${durationText(duration)}: ${parts}${failed}`;
}
