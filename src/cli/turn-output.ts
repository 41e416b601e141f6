import { type DestinationReport, isDelivered, isRejected, isWaiting } from "../deliver/delivery-report.js";
import { messageOf } from "../errors/thrown.js";
import type { TraceExporter } from "../export/trace-exporter.js";
import { terminalJson } from "../text/terminal-json.js";
import { oneLine } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import { deliveryAdvice, deliveryText } from "./delivery-text.js";
import type { Terminal } from "./terminal.js";
import { traceLines } from "./trace-lines.js";

export interface TurnOutputOptions {
  readonly terminal: Terminal;
  readonly exporter: TraceExporter;
  /** A line of JSON a turn, instead of one for a person. */
  readonly json: boolean;
  /** Makes room on the terminal for what is printed. */
  readonly clear: () => void;
}

/** Sends the turns that end while a command goes on, and prints a line for each. */
export interface TurnOutput {
  /** @param over whether the turn is known to be over; undefined leaves it to what it looks like */
  readonly add: (trace: LoopTrace, kept: boolean, over?: boolean) => void;
  readonly note: (text: string) => void;
  /** Waits for what is under way. @returns whether all that was handed over is where it belongs */
  readonly close: () => Promise<boolean>;
}

export function turnOutput(options: TurnOutputOptions): TurnOutput {
  const { terminal, exporter, json, clear } = options;
  const { destinations } = exporter;
  const lines = traceLines(terminal, true);
  const said = new Set<string>();
  let isKept = true;
  let isAnyRejected = false;
  let waiting: readonly DestinationReport[] = [];
  let work = Promise.resolve();

  const note = (text: string): void => {
    clear();
    terminal.err(`looptrace: ${oneLine(text)}\n`);
  };

  const deliverOne = async (trace: LoopTrace, kept: boolean, over: boolean | undefined): Promise<void> => {
    const reports = await exporter.export([trace], { atWork: over === undefined ? undefined : !over });
    isKept &&= kept || destinations.length > 0;
    isAnyRejected ||= reports.some(isRejected);
    const url = (await exporter.linkTo(trace)) ?? null;
    clear();
    if (json) {
      const { traceId, session, loop } = trace;
      const about = { sessionId: session.id, turn: session.turn, traceId, error: loop.error };
      const totals = loop.totalsWithSubagents;
      terminal.out(`${terminalJson({ ...about, totals, url, kept, delivery: reports, trace }, 0)}\n`);
    } else {
      lines.print(trace, url ?? undefined);
    }
    const leftovers = await exporter.flush();
    waiting = destinations.flatMap(({ id }) => {
      const last = [...leftovers.reports, ...reports].find(({ destination }) => destination.id === id);
      return last && isWaiting(last) ? [last] : [];
    });
    sayOnce(reports);
  };

  /** What goes wrong with a destination goes wrong with each turn; once is enough, until it is something else. */
  const sayOnce = (reports: readonly DestinationReport[]): void => {
    for (const report of reports) {
      if (isDelivered([report])) {
        said.clear();
        continue;
      }
      const key = `${report.destination.id} ${report.lastError ?? ""}`;
      if (report.lastError !== undefined && !said.has(key)) terminal.err(`${deliveryText(report)}\n`);
      said.add(key);
    }
  };

  return {
    add: (trace, kept, over) => {
      work = work.then(() => deliverOne(trace, kept, over)).catch((error: unknown) => note(messageOf(error)));
    },
    note,
    close: async () => {
      await work;
      lines.end();
      for (const advice of deliveryAdvice(waiting)) terminal.err(`${advice}\n`);
      return isKept && !isAnyRejected && isDelivered(waiting);
    },
  };
}
