import { built } from "./built.js";
import { alternate, type Comparison } from "./measure.js";
import type { ExportSize } from "./sizes.js";
import { type SyntheticSession, syntheticSession } from "./synthetic-session.js";

const { assembleSessions, encodeTrace, readExport, traceSession } = built;
type Trace = ReturnType<typeof traceSession>[number];

/** What `trace` and `show` do between reading the files and showing or sending. */
export function tracesOf(exports: readonly string[]): readonly Trace[] {
  const sessions = exports.map((text, index) => readExport(text, `export ${index}`));
  return assembleSessions(sessions).flatMap((tree) => traceSession(tree));
}

/** Export to trace against JSON.parse, trace to OTLP against JSON.stringify. */
export async function compareComputing(size: ExportSize): Promise<readonly Comparison[]> {
  const session = syntheticSession(size.megabytes * 1e6, 1, size.longestOutput);
  const toTrace = await exportToTrace(size, session);
  // Made when the engine knows what fields hold, as in a program that has traced before: objects from before it learnt
  // that are slower to read for ever.
  return [toTrace, await traceToOtlp(size, tracesOf(session.exports))];
}

async function exportToTrace(
  { megabytes, rounds, warmUp, longestOutput }: ExportSize,
  session: SyntheticSession,
): Promise<Comparison> {
  const figures = await alternate(
    {
      looptrace: () => tracesOf(session.exports),
      bare: () => session.exports.map((text): unknown => JSON.parse(text)),
    },
    rounds,
    warmUp,
  );
  const speed = session.bytes / 1e6 / (figures.looptrace / 1000);
  return {
    name: `export → trace, ${megabytes} MB${longestOutput === undefined ? "" : " of short outputs"} (bare: JSON.parse)`,
    unit: "ms",
    ...figures,
    aim: 2,
    rounds,
    note: `${session.steps} steps, ${session.tools} tools, ${session.exports.length - 1} subagents; ${speed.toFixed(0)} MB/s`,
  };
}

async function traceToOtlp(
  { megabytes, rounds, warmUp, longestOutput }: ExportSize,
  traces: readonly Trace[],
): Promise<Comparison> {
  const requests = traces.flatMap((trace) => [...encodeTrace(trace)]);
  const spans = requests.reduce((sum, { spanIds }) => sum + spanIds.length, 0);
  const bytes = requests.reduce((sum, { body }) => sum + body.byteLength, 0);
  const figures = await alternate(
    {
      // One request at a time, as a caller does that hands each on before it asks for the next.
      looptrace: () => {
        for (const trace of traces) for (const request of encodeTrace(trace)) consume(request.body);
      },
      bare: () => traces.map((trace) => consume(JSON.stringify(trace))),
    },
    rounds,
    warmUp,
  );
  const seconds = figures.looptrace / 1000;
  return {
    name: `trace → OTLP, from ${megabytes} MB${longestOutput === undefined ? "" : " of short outputs"} (bare: JSON.stringify)`,
    unit: "ms",
    ...figures,
    aim: 3,
    rounds,
    note: `${(bytes / 1e6).toFixed(1)} MB of OTLP in ${requests.length} requests; ${(bytes / 1e6 / seconds).toFixed(0)} MB/s, ${(spans / seconds).toFixed(0)} spans/s`,
  };
}

let consumed = 0;

/** Looks at the result, so that no compiler can find it superfluous. */
function consume(result: { readonly length: number }): void {
  consumed = (consumed + result.length) % 1_000_003;
}
