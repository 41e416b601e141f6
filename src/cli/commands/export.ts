import { resolve } from "node:path";
import { loadSessions } from "../../sessions/load-sessions.js";
import { bytesText, plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import type { LoopTrace } from "../../trace/model.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import { atifTrajectory } from "../../trajectory/atif-trajectory.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";
import { writeReport } from "../write-report.js";

/** What sessions can be written as. */
export type ExportFormat = "atif" | "otlp";

export interface ExportFlags extends SourceFlags {
  readonly format: ExportFormat;
  readonly output?: string;
  readonly fresh?: boolean;
}

/** `looptrace export`: sessions in the formats of other tools. */
export async function exportSessions(
  sources: readonly string[],
  flags: ExportFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept");
  const wanted = await sourcesOf(sources, flags, { load: options, terminal });
  const sessions: (readonly LoopTrace[])[] = [];
  await loadSessions(wanted, options, ({ tree, evidence }) => {
    const traces = withUserPrices(traceSession(tree, evidence), options.prices);
    if (traces.length > 0) sessions.push(traces);
  });
  if (sessions.length === 0) {
    terminal.err("The session holds no prompt yet: there is nothing to export, and no file was written.\n");
    return EXIT.usage;
  }
  const lines = await linesOf(sessions, flags.format);
  if (flags.output === undefined || flags.output === "-") {
    for (const line of lines) terminal.out(line);
    return EXIT.ok;
  }
  const path = resolve(terminal.cwd, flags.output);
  const files = wanted.filter((source) => source !== "-").map((source) => resolve(terminal.cwd, source));
  const bytes = await writeReport(path, lines, files);
  const what = plural(sessions.length, "session");
  terminal.err(`looptrace: wrote ${oneLine(path)}, ${bytesText(bytes)}, ${what}. It holds what the sessions hold.\n`);
  return EXIT.ok;
}

/** One document where it is one trajectory, else one a line. */
async function linesOf(sessions: readonly (readonly LoopTrace[])[], format: ExportFormat): Promise<readonly string[]> {
  switch (format) {
    case "atif": {
      const trajectories = sessions.map((traces) => wellFormed(atifTrajectory(traces)));
      const [only] = trajectories;
      if (trajectories.length === 1) return [`${JSON.stringify(only, null, 2)}\n`];
      return trajectories.map((trajectory) => `${JSON.stringify(trajectory)}\n`);
    }
    case "otlp": {
      // The OTel packages take longer to load than most commands take to run.
      const { otlpLines } = await import("../../trajectory/otlp-lines.js");
      return sessions.flatMap((traces) => traces.flatMap((trace) => [...otlpLines(trace)].map((line) => `${line}\n`)));
    }
    default:
      return format satisfies never;
  }
}

/** Half a character is JSON, but other tools refuse a file for it. */
function wellFormed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, item: unknown) =>
    typeof item === "string" ? item.toWellFormed() : item,
  );
}
