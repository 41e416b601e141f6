import { traceLine } from "../terminal/trace-line.js";
import { traceTable } from "../terminal/trace-table.js";
import type { LoopTrace } from "../trace/model.js";
import { colorsFor } from "./colors.js";
import { hyperlink } from "./hyperlink.js";
import type { Terminal } from "./terminal.js";

/** Prints traces below each other, one after the other: a table in a terminal, lines that are whole elsewhere. */
export interface TraceLines {
  /** @param url where it can be seen */
  readonly print: (trace: LoopTrace, url: string | undefined) => void;
  /** Says what there was no room for. */
  readonly end: () => void;
}

/** @param aligned whether lines for a program line up */
export function traceLines(terminal: Terminal, aligned: boolean): TraceLines {
  const { outIsTty, width } = terminal;
  if (!outIsTty) {
    const print: TraceLines["print"] = (trace, url) =>
      terminal.out(`${traceLine(trace, { aligned })}${url === undefined ? "" : `  ${url}`}\n`);
    return { print, end: () => undefined };
  }
  const table = traceTable({ width, colors: colorsFor(terminal, true) });
  const tell = (lines: readonly string[]): void => {
    for (const line of lines) terminal.out(`${line}\n`);
  };
  return {
    print: (trace, url) => {
      const link = url === undefined ? undefined : { url, text: hyperlink(url, url, terminal, "out") };
      tell(table.linesOf(trace, link));
    },
    end: () => tell(table.end()),
  };
}
