import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";

/** A row with its distance from the first one, px. */
export interface VirtualRow {
  readonly index: number;
  readonly start: number;
}

/** The part of a long list that is in sight. */
export interface Virtual {
  readonly items: readonly VirtualRow[];
  readonly scrollTo: (index: number) => void;
}

/** Rows beyond the edges, so that scrolling shows no gaps. */
const OVERSCAN = 8;

/**
 * @param rowHeight of every row, px
 * @param header of what stays above the rows when they scroll, px
 */
export function useVirtual(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
  header: number,
): Virtual {
  const [, redraw] = useState(0);
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollMargin: header,
    scrollPaddingStart: header,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    // Until the element has been measured.
    initialRect: { width: 1000, height: 600 },
    onChange: () => redraw((times) => times + 1),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLElement, Element>(options));
  virtualizer.setOptions(options);
  useEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  // Sizes are kept until it is told that they are others.
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowHeight]);
  return {
    items: virtualizer.getVirtualItems().map(({ index }) => ({ index, start: index * rowHeight })),
    scrollTo: (index) => virtualizer.scrollToIndex(index, { align: "auto" }),
  };
}
