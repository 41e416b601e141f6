import type { LoopTrace } from "../../trace/model.js";
import { traceSession } from "../../trace/trace-session.js";
import { paintTree } from "../../view/paint-tree.js";
import { terminalJson } from "../../view/terminal-json.js";
import { loadSessions, selectSessions } from "../../workflow/load-sessions.js";
import { colorsFor } from "../colors.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";

export interface ShowFlags extends SourceFlags {
  readonly json?: boolean;
  readonly fresh?: boolean;
  readonly width?: number;
}

/** `looptrace show`: the traces of sessions as trees, or as JSON. */
export async function show(
  sources: readonly string[],
  flags: ShowFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept");
  const wanted = await sourcesOf(sources, flags, (selection) => selectSessions(selection, options));
  const colors = colorsFor(terminal, terminal.outIsTty);
  const width = flags.width ?? terminal.width;
  const forJson: LoopTrace[] = [];
  let seen = 0;
  await loadSessions(wanted, options, ({ tree, evidence }) => {
    for (const trace of traceSession(tree, evidence)) {
      if (flags.json) forJson.push(trace);
      else terminal.out(`${seen > 0 ? "\n" : ""}${paintTree(trace, { width, colors })}\n`);
      seen += 1;
    }
  });
  if (flags.json) terminal.out(`${terminalJson(forJson)}\n`);
  if (seen === 0) terminal.err("The session holds no prompt yet: there is nothing to show.\n");
  return EXIT.ok;
}
