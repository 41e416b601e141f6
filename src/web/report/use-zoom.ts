import { useMemo, useState } from "preact/hooks";
import { fitted, panned, type Viewport, wholeTrace, zoomed } from "./viewport.js";

export interface Zoom {
  readonly view: Viewport;
  /** All that there is. */
  readonly all: Viewport;
  readonly show: (view: Viewport) => void;
  /** @param at the moment that stays where it is; the middle without one */
  readonly zoom: (factor: number, at?: number) => void;
  readonly pan: (share: number) => void;
  readonly zoomTo: (row: { readonly start: number; readonly end: number }) => void;
  readonly whole: () => void;
  /** With Ctrl it zooms at the pointer, sideways it pans; else the list scrolls as ever. */
  readonly onWheel: (event: WheelEvent) => void;
}

/** What of the time is shown. */
export function useZoom(duration: number): Zoom {
  const all = useMemo(() => wholeTrace(duration), [duration]);
  const [view, setView] = useState(all);
  const zoom: Zoom["zoom"] = (factor, at) => setView((now) => zoomed(now, factor, at ?? (now.from + now.to) / 2, all));
  const pan: Zoom["pan"] = (share) => setView((now) => panned(now, share, all));
  return {
    view,
    all,
    show: setView,
    zoom,
    pan,
    zoomTo: (row) => setView(fitted(row, all)),
    whole: () => setView(all),
    onWheel: (event) => {
      if (!(event.currentTarget instanceof Element)) return;
      const axis = event.currentTarget.querySelector(".axis")?.getBoundingClientRect();
      if (!axis || axis.width === 0) return;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const share = Math.min(1, Math.max(0, (event.clientX - axis.left) / axis.width));
        zoom(Math.exp(event.deltaY / 300), view.from + share * (view.to - view.from));
      } else if (event.deltaX !== 0 || event.shiftKey) {
        event.preventDefault();
        pan((event.deltaX || event.deltaY) / axis.width);
      }
    },
  };
}
