import type { TraceFlags } from "../../config/settings.js";
import { LangfuseApiError } from "../../langfuse/api/langfuse-api-error.js";
import { type TraceVerdict, verdictOf } from "../../langfuse/verify/verify-trace.js";
import { verifyTraces } from "../../langfuse/verify/verify-traces.js";
import { quickMask } from "../../masking/mask.js";
import { loadSessions } from "../../sessions/load-sessions.js";
import { traceLoaded } from "../../sessions/loaded-session.js";
import { paintVerdict, verdictsText } from "../../terminal/paint-verdict.js";
import { terminalJson } from "../../text/terminal-json.js";
import { severalLines } from "../../text/terminal-text.js";
import { colorsFor } from "../colors.js";
import { CommandContext } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { langfuseOf } from "../langfuse-of.js";
import { reportError } from "../report-error.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";

export interface VerifyFlags extends SourceFlags, TraceFlags {
  readonly json?: boolean;
  readonly fresh?: boolean;
  readonly fullInput?: boolean;
  /** In ms. */
  readonly wait?: number;
  readonly width?: number;
}

/**
 * `looptrace verify`: whether Langfuse has of sessions what it should have.
 *
 * @throws {ConfigurationError} when options contradict each other, or no Langfuse is configured
 */
export async function verify(sources: readonly string[], flags: VerifyFlags, terminal: Terminal): Promise<ExitCode> {
  const context = new CommandContext(flags, terminal);
  const { settings, masking, paths } = context;
  const api = langfuseOf(context, terminal);
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept", context);
  const wanted = await sourcesOf(sources, flags, { load: options, terminal });
  const paint = { width: flags.width ?? terminal.width, colors: colorsFor(terminal, terminal.outIsTty) };
  const mask = quickMask(masking);
  const verdicts: TraceVerdict[] = [];
  let unreadable = 0;
  const onUnreadable = (error: unknown): void => {
    // Without an answer of Langfuse's there is no verdict about any of the others either.
    if (error instanceof LangfuseApiError) throw error;
    unreadable += 1;
    reportError(error, terminal);
  };
  try {
    await loadSessions(wanted, { ...options, onUnreadable }, async (session) => {
      const traces = traceLoaded(session, { fullInput: flags.fullInput ?? context.file.fullInput });
      const found = await verifyTraces(api, traces, {
        trace: settings.trace,
        masking,
        destination: api.destination,
        paths,
        waitMs: flags.wait ?? 0,
      });
      // What Langfuse has may be of others, and is told where it differs.
      const shown = found.map((one) => mask(one));
      verdicts.push(...shown);
      if (!flags.json) for (const one of shown) terminal.out(`${paintVerdict(one, paint)}\n`);
    });
  } catch (error) {
    if (!(error instanceof LangfuseApiError) || !isPassing(error)) throw error;
    terminal.err(`looptrace: ${severalLines(error.message)}\n`);
    return EXIT.undelivered;
  }
  if (flags.json) terminal.out(`${terminalJson({ verdict: worstOf(verdicts), traces: verdicts.map(withVerdict) })}\n`);
  else if (verdicts.length > 0) terminal.out(`\n${verdictsText(verdicts)}\n`);
  if (verdicts.length === 0 && unreadable === 0)
    terminal.err("The sessions hold no prompt yet: nothing was sent of them.\n");
  if (unreadable > 0) return EXIT.usage;
  return { same: EXIT.ok, waiting: EXIT.undelivered, wrong: EXIT.unverified }[worstOf(verdicts)];
}

/** Whether asking again later may help. */
function isPassing({ kind }: LangfuseApiError): boolean {
  return kind === "unavailable" || kind === "throttled";
}

function withVerdict(verdict: TraceVerdict): object {
  return { ...verdict, verdict: verdictOf(verdict) };
}

function worstOf(verdicts: readonly TraceVerdict[]): ReturnType<typeof verdictOf> {
  const all = verdicts.map(verdictOf);
  return all.includes("wrong") ? "wrong" : all.includes("waiting") ? "waiting" : "same";
}
