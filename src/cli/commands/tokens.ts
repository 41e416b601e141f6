import { traceSession } from "../../trace/trace-session.js";
import { paintTokens } from "../../view/paint-tokens.js";
import { terminalJson } from "../../view/terminal-json.js";
import { tokenRows } from "../../view/token-rows.js";
import { loadSessions, selectSessions } from "../../workflow/load-sessions.js";
import { colorsFor } from "../colors.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";

export interface TokensFlags extends SourceFlags {
  readonly json?: boolean;
  readonly fresh?: boolean;
  readonly top?: boolean;
  readonly width?: number;
}

/** `looptrace tokens`: how the context grew from call to call, and why. */
export async function tokens(
  sources: readonly string[],
  flags: TokensFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept");
  const wanted = await sourcesOf(sources, flags, (selection) => selectSessions(selection, options));
  const colors = colorsFor(terminal, terminal.outIsTty);
  const width = flags.width ?? terminal.width;
  const forJson: object[] = [];
  let seen = 0;
  await loadSessions(wanted, options, ({ tree, evidence }) => {
    for (const trace of traceSession(tree, evidence)) {
      const { traceId, session } = trace;
      if (flags.json) {
        forJson.push({ traceId, sessionId: session.id, turn: session.turn, calls: tokenRows(trace) });
      } else {
        const painted = paintTokens(trace, { width, colors, top: flags.top ?? false });
        terminal.out(`${seen > 0 ? "\n" : ""}${painted}\n`);
      }
      seen += 1;
    }
  });
  if (flags.json) terminal.out(`${terminalJson(forJson)}\n`);
  if (seen === 0) terminal.err("The session holds no prompt yet: there is nothing to show.\n");
  return EXIT.ok;
}
