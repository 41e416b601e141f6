import { traceSession } from "../../trace/trace-session.js";
import { paintTree } from "../../view/paint-tree.js";
import { loadSessions, selectSessions } from "../../workflow/load-sessions.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import { colorsFor, type Terminal } from "../terminal.js";

export interface ShowFlags extends SourceFlags {
  readonly json?: boolean;
  readonly width?: number;
}

/** `looptrace show`: the traces of sessions as trees, or as JSON. */
export async function show(
  sources: readonly string[],
  flags: ShowFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const options = loadOptions(flags, terminal, "kept");
  const wanted = await sourcesOf(sources, flags, (selection) => selectSessions(selection, options));
  const sessions = await loadSessions(wanted, options);
  const traces = sessions.flatMap(({ tree, evidence }) => traceSession(tree, evidence));
  if (flags.json) {
    terminal.out(`${JSON.stringify(traces, undefined, 2).toWellFormed()}\n`);
    return EXIT.ok;
  }
  const colors = colorsFor(terminal, terminal.outIsTty);
  const width = flags.width ?? terminal.width;
  terminal.out(`${traces.map((trace) => paintTree(trace, { width, colors })).join("\n\n")}\n`);
  if (traces.length === 0) terminal.err("The session holds no prompt yet: there is nothing to show.\n");
  return EXIT.ok;
}
