import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { colorOf } from "./css-color.js";

interface ChartProps {
  /** What it shows, for who cannot see it. */
  readonly label: string;
  readonly data: uPlot.AlignedData;
  /** How it is drawn, with the page's colours as they are now. Must change when the chart has to be made anew. */
  readonly options: (color: (name: string) => string) => Omit<uPlot.Options, "width" | "height">;
  readonly height: number;
  /** The index under the pointer; null when it has left. */
  readonly onHover: (index: number | null) => void;
  readonly onPick: (index: number) => void;
}

/** A uPlot chart that is as wide as its place. */
export function Chart({ label, data, options, height, onHover, onPick }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const handlers = useRef({ onHover, onPick });
  handlers.current = { onHover, onPick };
  useEffect(() => {
    const { current } = place;
    if (!current) return;
    const chart = new uPlot(
      {
        ...options((name) => colorOf(current, name)),
        width: current.clientWidth,
        height,
        hooks: { setCursor: [(self) => handlers.current.onHover(self.cursor.idx ?? null)] },
      },
      data,
      current,
    );
    const pick = (): void => {
      if (typeof chart.cursor.idx === "number") handlers.current.onPick(chart.cursor.idx);
    };
    chart.over.addEventListener("click", pick);
    const watch = new ResizeObserver(() => chart.setSize({ width: current.clientWidth, height }));
    watch.observe(current);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [data, options, height]);
  return <div class="chart" ref={place} role="img" aria-label={label} style={{ height: `${height}px` }} />;
}
