import type { ComponentChildren } from "preact";
import { axisText } from "./axis-text.js";
import { pure } from "./pure.js";
import { percentAt, ticks, type Viewport } from "./viewport.js";

/** As many moments are named; the style sheet hides every other one on a narrow screen. */
const MOST_TICKS = 8;

/** The axis of time above the rows. */
export const Ruler = pure(function Ruler({ view }: { readonly view: Viewport }) {
  const marks = ticks(view, MOST_TICKS);
  const step = (marks[1] ?? 0) - (marks[0] ?? 0);
  return (
    <Axis name="ruler">
      {marks.map((at) => (
        <span key={at} class="tick" style={{ left: `${percentAt(view, at)}%` }}>
          {axisText(at, step)}
        </span>
      ))}
    </Axis>
  );
});

/** The axis' lines behind the rows. */
export const Grid = pure(function Grid({ view }: { readonly view: Viewport }) {
  return (
    <Axis name="grid">
      {ticks(view, MOST_TICKS).map((at) => (
        <span key={at} class="rule" style={{ left: `${percentAt(view, at)}%` }} />
      ))}
    </Axis>
  );
});

function Axis({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div class={name} aria-hidden="true">
      <span class="name" />
      <span class="lane">
        <span class="axis">{children}</span>
      </span>
    </div>
  );
}
