import { useRef } from "preact/hooks";
import { cost, count } from "../../text/format.js";
import type { TokenPoint } from "../data/report-data.js";
import { signed } from "./causes.js";
import type { RowIndex } from "./row-index.js";
import { useMedia } from "./use-media.js";
import { useVirtual } from "./use-virtual.js";

interface CallListProps {
  readonly calls: readonly TokenPoint[];
  readonly index: RowIndex;
  readonly onOpen: (row: number) => void;
}

/** The same as in the style sheet, px. */
const ROW_HEIGHT = 28;

/** So many causes are named in a row; the call's details have all. */
const MOST_CAUSES = 3;

/** So many calls fit on paper. */
const MOST_PRINTED = 500;

/** The calls of a loop with their tokens and what made the context grow. */
export function CallList({ calls, index: rows, onOpen }: CallListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtual(scroller, calls.length, ROW_HEIGHT, ROW_HEIGHT);
  // Then nothing can be scrolled, and all rows have to be there.
  const printing = useMedia("print");
  const items = printing
    ? calls.slice(0, MOST_PRINTED).map((_, index) => ({ index, start: index * ROW_HEIGHT }))
    : virtual.items;
  return (
    <div class="calls" ref={scroller}>
      <div class="call-row head" aria-hidden="true">
        <span>call</span>
        <span class="number">step</span>
        <span class="number">cached</span>
        <span class="number">new</span>
        <span class="number">output</span>
        <span class="number">reasoning</span>
        <span class="number">context</span>
        <span class="number">growth</span>
        <span class="number">cost</span>
        <span>grown by</span>
      </div>
      <ul style={{ height: `${(printing ? items.length : calls.length) * ROW_HEIGHT}px` }}>
        {items.map(({ index, start }) => {
          const call = calls[index];
          if (!call) return null;
          return (
            <li key={index} class="call-row" style={{ transform: `translateY(${start}px)` }}>
              <button type="button" class="link" onClick={() => onOpen(call.row)}>
                {call.name}
              </button>
              <span class="number">{rows.steps[call.row] ?? ""}</span>
              <span class="number">{count(call.cached)}</span>
              <span class="number">{count(call.fresh)}</span>
              <span class="number">{count(call.output)}</span>
              <span class="number">{count(call.reasoning)}</span>
              <span class="number">{count(call.context)}</span>
              <span class="number">{call.growth === null ? "" : signed(call.growth)}</span>
              <span class="number">{cost(call.cost)}</span>
              <span class="content">{causesText(call)}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function causesText({ causes, known, doubt }: TokenPoint): string {
  if (!known || (doubt !== null && causes.length === 0)) return doubt ?? "opencode recorded no tokens";
  const largest = causes.toSorted((a, b) => Math.abs(b.tokens) - Math.abs(a.tokens));
  const more = largest.length > MOST_CAUSES ? ", …" : "";
  return `${largest
    .slice(0, MOST_CAUSES)
    .map(({ text, tokens }) => `${text} ${signed(tokens)}`)
    .join(", ")}${more}`;
}
