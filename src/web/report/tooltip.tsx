import { useLayoutEffect, useRef } from "preact/hooks";
import { cost, count, duration } from "../../text/format.js";
import type { ReportRow } from "../data/report-data.js";

interface TooltipProps {
  readonly row: ReportRow | undefined;
  /** The pointer's place in the window, px. */
  readonly x: number;
  readonly y: number;
}

const GAP = 14;

/** What a row is, beside the pointer. */
export function Tooltip({ row, x, y }: TooltipProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const { current } = box;
    if (!current) return;
    const { width, height } = current.getBoundingClientRect();
    const left = x + GAP + width > innerWidth ? x - GAP - width : x + GAP;
    const top = y + GAP + height > innerHeight ? y - GAP - height : y + GAP;
    current.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, top)}px)`;
  });
  if (!row) return null;
  return (
    <div class="tooltip" role="tooltip" ref={box}>
      <b>{row.name}</b>
      <dl>
        {tooltipFacts(row).map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {row.text !== "" && <p class="content">{row.text}</p>}
    </div>
  );
}

function tooltipFacts({ start, end, exact, firstToken, tokens, cost: usd }: ReportRow): [string, string][] {
  const bound = exact ? "" : "~";
  return [
    ["at", `${bound}${duration(start)}`],
    ["took", `${bound}${duration(end - start)}`],
    ...(firstToken === null
      ? []
      : ([["first token after", `${bound}${duration(firstToken - start)}`]] as [string, string][])),
    ...(tokens
      ? ([
          ["in", tokens.input === null ? "unknown" : `${count(tokens.input)} (${count(tokens.cached ?? 0)} cached)`],
          [
            "out",
            tokens.output === null ? "unknown" : `${count(tokens.output)} + ${count(tokens.reasoning ?? 0)} thinking`,
          ],
        ] as [string, string][])
      : []),
    ...(usd === null ? [] : ([["cost", cost(usd)]] as [string, string][])),
  ];
}
