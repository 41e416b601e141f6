import { count, duration } from "../../text/format.js";
import type { ToolLatency, TraceData } from "../data/report-data.js";
import { axisText } from "./axis-text.js";
import { Content } from "./content.js";
import { logPercent, logTicks } from "./log-scale.js";
import { type RowIndex, stepText } from "./row-index.js";

interface ToolsProps {
  readonly trace: TraceData;
  readonly index: RowIndex;
  readonly onOpen: (row: number) => void;
}

/** How long the tools took: their distributions on one logarithmic axis, and the slowest calls. */
export function Tools({ trace: { tools, slowest }, index, onOpen }: ToolsProps) {
  if (tools.length === 0) return null;
  const longest = Math.max(10, ...tools.map(({ max }) => max ?? 0));
  return (
    <section class="tools" aria-label="Tools">
      <h2>Tool latency</h2>
      <div class="wide">
        <table class="latencies">
          <thead>
            <tr>
              <th scope="col">Tool</th>
              {["Calls", "Errors", "p50", "p90", "p99", "Max", "Sum"].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
              <th scope="col" class="spread">
                <span class="lane">
                  {logTicks(longest).map((at) => (
                    <span key={at} class="tick" style={{ left: `${logPercent(at, longest)}%` }}>
                      {axisText(at, at < 1000 ? 1 : 1000)}
                    </span>
                  ))}
                </span>
              </th>
            </tr>
          </thead>
          <tbody>
            {tools.map((tool) => (
              <ToolRow key={tool.name} tool={tool} longest={longest} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint">
        Each dot is a call. The box reaches from p50 to p90, the line to p99; time grows logarithmically.
      </p>
      {slowest.length > 0 && (
        <>
          <h3>Slowest calls</h3>
          <ol class="slowest">
            {slowest.map(({ row, name, duration: ms, failed, arguments: text }) => (
              <li key={row}>
                <span class="number">{duration(ms)}</span>
                <span>
                  <button type="button" class="link" onClick={() => onOpen(row)}>
                    <Content text={name} />
                  </button>
                  {failed && <span class="failure"> failed</span>} <span class="percent">{stepText(index, row)}</span>
                </span>
                <code>
                  <Content text={text} />
                </code>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

function ToolRow({ tool, longest }: { readonly tool: ToolLatency; readonly longest: number }) {
  const at = (ms: number | null): number => logPercent(ms ?? 0, longest);
  const unfinished = tool.unfinished > 0 ? ` (${count(tool.unfinished)} never ended)` : "";
  return (
    <tr data-tool={tool.name}>
      <th scope="row">
        <Content text={`${tool.name}${unfinished}`} />
      </th>
      <td class="number">{count(tool.count)}</td>
      <td class={tool.errors > 0 ? "number failure" : "number"}>{count(tool.errors)}</td>
      {([tool.p50, tool.p90, tool.p99, tool.max] as const).map((ms, index) => (
        // The columns are always the same four.
        <td key={index} class="number">
          {ms === null ? "–" : duration(ms)}
        </td>
      ))}
      <td class="number">{duration(tool.sum)}</td>
      <td class="spread">
        <span class="lane">
          <span class="box" style={{ left: `${at(tool.p50)}%`, width: `${at(tool.p90) - at(tool.p50)}%` }} />
          <span class="reach" style={{ left: `${at(tool.p90)}%`, width: `${at(tool.p99) - at(tool.p90)}%` }} />
          {tool.sample.map((ms, index) => (
            // Samples have no other identity than their places.
            <span key={index} class="sample" style={{ left: `${at(ms)}%` }} />
          ))}
        </span>
      </td>
    </tr>
  );
}
