import { useCallback, useMemo, useState } from "preact/hooks";
import uPlot from "uplot";
import { cost, count } from "../../text/format.js";
import type { TokenPoint, TokenSeries } from "../data/report-data.js";
import { CallList } from "./call-list.js";
import { Causes, signed } from "./causes.js";
import { Chart } from "./chart.js";
import { type RowIndex, stepText } from "./row-index.js";
import { type Accumulation, PARTS, type Part, stacked } from "./stacked.js";

interface TokensProps {
  readonly series: readonly TokenSeries[];
  readonly index: RowIndex;
  readonly isDark: boolean;
  readonly onOpen: (row: number) => void;
}

export const PART_NAMES: Readonly<Record<Part, string>> = {
  cached: "cached",
  fresh: "new input",
  output: "output",
  reasoning: "reasoning",
};

/** How the tokens accumulated over a loop's calls, and why. */
export function Tokens({ series, index, isDark, onOpen }: TokensProps) {
  const [chosen, choose] = useState(0);
  const [of, setOf] = useState<Accumulation>("calls");
  const [hovered, hover] = useState<number | null>(null);
  const calls = series[chosen]?.calls ?? NONE;
  const data = useMemo(() => stacked(calls, of), [calls, of]);
  const anyKnown = calls.some(({ known }) => known);
  // Drawn anew in the other colours.
  const options = useCallback(
    (color: (name: string) => string) => chartOptions(color, calls.length),
    [isDark, calls.length],
  );
  const shown = calls[hovered ?? calls.length - 1];
  if (!shown) return null;
  return (
    <section class="tokens" aria-label="Tokens">
      <h2>Token accumulation</h2>
      <div class="toolbar">
        <div class="buttons">
          <button type="button" aria-pressed={of === "calls"} onClick={() => setOf("calls")}>
            Context of each call
          </button>
          <button type="button" aria-pressed={of === "sums"} onClick={() => setOf("sums")}>
            Sum so far
          </button>
        </div>
        {series.length > 1 && (
          <select
            aria-label="Whose calls"
            value={chosen}
            onChange={({ currentTarget }) => {
              choose(Number(currentTarget.value));
              hover(null);
            }}
          >
            {series.map(({ name, row }, index) => (
              <option key={row} value={index}>
                {index + 1}. {name}
              </option>
            ))}
          </select>
        )}
      </div>
      {anyKnown && (
        <>
          <Chart
            label={`Tokens of ${calls.length} calls, stacked`}
            data={data}
            options={options}
            height={240}
            onHover={hover}
            onPick={(index) => {
              const call = calls[index];
              if (call) onOpen(call.row);
            }}
          />
          <div class="reading">
            <dl class="legend">
              {PARTS.map((part) => (
                <div key={part}>
                  <dt>
                    <span class={`dot tokens ${part}`} />
                    {PART_NAMES[part]}
                  </dt>
                  <dd>{count((of === "sums" ? shown.sum : shown)[part])}</dd>
                </div>
              ))}
            </dl>
            <div class="reasons">
              <p>
                <b>{shown.name}</b> <span class="percent">{stepText(index, shown.row)}</span> {readingOf(shown)}
              </p>
              <Causes causes={shown.causes} />
            </div>
          </div>
        </>
      )}
      <CallList calls={calls} index={index} onOpen={onOpen} />
    </section>
  );
}

const NONE: readonly TokenPoint[] = [];

function readingOf(point: TokenPoint): string {
  if (!point.known) return point.doubt ?? "opencode recorded no tokens";
  const grown = point.growth === null ? "" : `, ${signed(point.growth)}`;
  const hit = point.cacheHitRatio === null ? "" : `, ${Math.round(point.cacheHitRatio * 100)}% from the cache`;
  const price = point.cost === null ? "" : `, ${cost(point.cost)}`;
  const doubt = point.doubt === null ? "" : ` – ${point.doubt}`;
  return `context ${count(point.context)}${grown}${hit}${price}${doubt}`;
}

function chartOptions(color: (name: string) => string, calls: number): Omit<uPlot.Options, "width" | "height"> {
  const bars = uPlot.paths.bars?.({ size: [0.8, 56, 1] });
  const axis = {
    stroke: color("muted"),
    grid: { stroke: color("line"), width: 1 },
    ticks: { stroke: color("line"), width: 1 },
  };
  return {
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
    scales: {
      // Of a single value uPlot wants to show much more than there is.
      x: { time: false, range: (_, min, max) => [min - 0.6, Math.min(calls - 1, max) + 0.6] },
      y: { range: (_, __, max) => [0, Math.max(1, max * 1.05)] },
    },
    axes: [
      { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000], grid: { show: false } },
      { ...axis, size: 56, values: (_, values) => values.map(shortCount) },
    ],
    series: [
      {},
      ...PARTS.toReversed().map((part) => ({
        label: part,
        fill: color(`tokens-${part}`),
        width: 0,
        points: { show: false },
        ...(bars ? { paths: bars } : {}),
      })),
    ],
  };
}

/** `12k`, `1.5M`: an axis has little room. */
function shortCount(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1000 ? `${value / 1000}k` : String(value);
}
