import { useLayoutEffect, useRef } from "preact/hooks";
import { cost, count, duration, UNKNOWN } from "../../text/format.js";
import type { Fact, ReportRow } from "../data/report-data.js";
import { type Gap, gapName } from "./path-marks.js";

interface TooltipProps {
  readonly row: ReportRow | undefined;
  /** The step that it is in. */
  readonly where: string;
  /** What passed before it, and neither a model nor a tool was waited for. */
  readonly gaps: readonly Gap[];
  /** The pointer's place in the window, px. */
  readonly x: number;
  readonly y: number;
}

const GAP = 14;

/** What a row is, beside the pointer. */
export function Tooltip({ row, where, gaps, x, y }: TooltipProps) {
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
      <b>{row.name}</b> {where}
      <dl>
        {[...tooltipFacts(row), ...gaps.map(gapFact)].map(([label, value]) => (
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

function tooltipFacts({ start, end, exact, firstToken, tokens, cost: usd }: ReportRow): readonly Fact[] {
  const told = (ms: number): string => `${exact ? "" : "~"}${duration(ms)}`;
  const facts: readonly (readonly [label: string, value: string | null])[] = [
    ["at", told(start)],
    ["took", told(end - start)],
    ["first token after", firstToken === null ? null : told(firstToken - start)],
    ["in", tokens && tokensText(tokens.input, tokens.cached, (cached) => ` (${cached} cached)`)],
    ["out", tokens && tokensText(tokens.output, tokens.reasoning, (reasoning) => ` + ${reasoning} thinking`)],
    ["cost", usd === null ? null : cost(usd)],
  ];
  return facts.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]));
}

function gapFact(gap: Gap): Fact {
  return ["before it", `${duration(gap.end - gap.start)} ${gapName(gap)}`];
}

function tokensText(tokens: number | null, some: number | null, more: (some: string) => string): string {
  return tokens === null ? UNKNOWN : `${count(tokens)}${more(count(some ?? 0))}`;
}
