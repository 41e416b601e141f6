import { realpathSync } from "node:fs";
import type { MaskFlags } from "../../config/masking.js";
import type { TraceFlags } from "../../config/settings.js";
import { watchStore } from "../../follow/watch-store.js";
import { CommandContext } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { onInterrupt } from "../interrupt.js";
import { parseSince } from "../parse-moment.js";
import { tellUnkept } from "../tell-unkept.js";
import type { Terminal } from "../terminal.js";
import { turnOutput } from "../turn-output.js";
import { typedPath } from "../typed-path.js";
import { unfinishedText } from "../unfinished-session.js";

export interface WatchFlags extends TraceFlags, MaskFlags {
  readonly since?: string;
  readonly dir?: string;
  readonly opencode?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** `looptrace watch`: traces the turns that opencode's store tells of, until it is interrupted. */
export async function watch(flags: WatchFlags, terminal: Terminal): Promise<ExitCode> {
  const context = new CommandContext(flags, terminal);
  const { paths, masking } = context;
  const exporter = context.exporter();
  tellUnkept(context, terminal);
  const since = flags.since === undefined ? Date.now() : parseSince(flags.since, terminal.env);
  // opencode calls its directories by their real paths.
  const only = flags.dir === undefined ? undefined : realpathSync(typedPath("--dir", flags.dir, "directory", terminal));
  const out = turnOutput({
    terminal,
    exporter,
    json: flags.json ?? false,
    clear: () => undefined,
  });
  const interrupt = onInterrupt(() => {
    terminal.err("looptrace: ending; what is over is being delivered. Once more quits at once.\n");
  });
  try {
    const left = await watchStore({
      opencode: context.openCodePath(flags.opencode),
      environment: terminal.env,
      directory: terminal.cwd,
      only,
      since,
      paths,
      masking,
      signal: interrupt.signal,
      onReady: flags.quiet ? undefined : () => out.note("watching opencode's sessions; Ctrl-C ends it."),
      onNote: out.note,
      onTurn: (trace, kept) => out.add(trace, kept, true),
    });
    const delivered = await out.close();
    for (const one of left) terminal.err(unfinishedText(one));
    return delivered && left.every(({ stored }) => stored) ? EXIT.ok : EXIT.undelivered;
  } catch (error) {
    // It was still starting.
    if (interrupt.signal.aborted) return EXIT.ok;
    throw error;
  } finally {
    interrupt.done();
  }
}
