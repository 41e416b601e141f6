import type { DestinationReport } from "../deliver/delivery-report.js";
import { jsonForTerminal, terminalJson } from "../text/terminal-json.js";
import type { LoopTrace } from "../trace/model.js";
import type { Terminal } from "./terminal.js";
import { traceLines } from "./trace-lines.js";

/** What became of many sessions. */
export interface SessionsSummary {
  /** How many were meant. */
  readonly of: number;
  readonly traced: number;
  /** Those that were delivered earlier and have not changed since. */
  readonly skipped: number;
  readonly failed: readonly { readonly source: string; readonly reason: string }[];
  /** Those that it did not come to. */
  readonly left: number;
  readonly seconds: number;
  /** Sessions that were traced or failed, without those that were skipped. */
  readonly perSecond: number;
}

/** Prints what `looptrace trace` says of traces as they come: lines, or a JSON document. */
export interface TracePrinter {
  /** @param url where it can be seen */
  readonly print: (trace: LoopTrace, url: string | undefined) => void;
  readonly end: (rest: { readonly delivery: readonly DestinationReport[]; readonly sessions: SessionsSummary }) => void;
}

/** @param aligned whether lines for a program line up */
export function traceTexts(terminal: Terminal, aligned: boolean): TracePrinter {
  const lines = traceLines(terminal, aligned);
  return { print: lines.print, end: () => lines.end() };
}

/** A document as `JSON.stringify` writes it, of which only one trace is in memory. */
export function traceDocument({ out }: Pick<Terminal, "out">): TracePrinter {
  const urls: Record<string, string> = {};
  let printed = 0;
  return {
    print: (trace, url) => {
      if (url !== undefined) urls[trace.traceId] = url;
      const [, ...lines] = JSON.stringify([trace], undefined, 2).split("\n");
      // Line breaks stand between values alone, those in texts are escaped.
      const text = lines.slice(0, -1).join("\n  ");
      out(`${printed === 0 ? '{\n  "traces": [' : ","}\n  ${jsonForTerminal(text)}`);
      printed += 1;
    },
    end: ({ delivery, sessions }) => {
      const rest = terminalJson({ delivery, urls, sessions }).slice(1);
      out(printed === 0 ? `{\n  "traces": [],${rest}\n` : `\n  ],${rest}\n`);
    },
  };
}
