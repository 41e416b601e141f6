import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { OpenCode } from "../../agent/open-code.js";
import { type AgentFlags, flagsOn, SETTINGS } from "../../agent/setting-surfaces.js";
import type { TurnResult } from "../../agent/turn-result.js";
import type { MaskFlags } from "../../config/masking.js";
import type { TraceFlags } from "../../config/settings.js";
import { type DestinationReport, isDelivered } from "../../deliver/delivery-report.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { RunRequestError } from "../../errors/run-request-error.js";
import { messageOf } from "../../errors/thrown.js";
import { mergeReports } from "../../export/merge-reports.js";
import { describeDiskFailure } from "../../files/disk-failure.js";
import { makeFolder } from "../../files/make-folder.js";
import type { GitFacts } from "../../git/git-facts.js";
import { gitState } from "../../git/git-state.js";
import { quickMask } from "../../masking/mask.js";
import { isFirstToldOf, type ServerPool } from "../../opencode/server.js";
import { isSessionId, transcriptOf } from "../../opencode/session.js";
import type { TraceOptions } from "../../otel/options.js";
import { failedTools } from "../../terminal/failed-tools.js";
import { traceLine } from "../../terminal/trace-line.js";
import { duration } from "../../text/format.js";
import { once } from "../../text/lazy.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine, shortenTo } from "../../text/terminal-text.js";
import { agentOptions, idleFullInput } from "../agent-options.js";
import { answerText, cutOffText } from "../answer-text.js";
import { colorsFor } from "../colors.js";
import { CommandContext } from "../command-context.js";
import { whileWaiting } from "../delivery-line.js";
import { deliveryAdvice, deliveryText } from "../delivery-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { hyperlink } from "../hyperlink.js";
import { onInterrupt } from "../interrupt.js";
import { nameSession } from "../name-sessions.js";
import { switchedOffText } from "../no-destination.js";
import { aboveProgress, type RunProgress } from "../run-progress.js";
import { failureText, isNothingRun, keptText, NOTHING_RUN, retryText, servedText } from "../run-text.js";
import { tellUnkept } from "../tell-unkept.js";
import type { Terminal } from "../terminal.js";

export interface RunFlags extends TraceFlags, MaskFlags, AgentFlags<"run"> {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly live?: boolean;
  readonly logDir?: string;
}

/** What a run is given beside its flags. */
export interface RunContext {
  /** What stood behind `--`: opencode's own arguments. */
  readonly extra: readonly string[];
  /** Closed by its maker. */
  readonly servers: ServerPool;
  /** Says what goes on; stopped by its maker too. */
  readonly progress?: RunProgress | undefined;
  /** Called once nobody else is to print that nothing was run: something was, or it is printed. */
  readonly onTold: () => void;
}

/** `looptrace run`: one prompt with tracing on. */
export async function run(
  message: string,
  { extra, servers, progress, onTold }: RunContext,
  flags: RunFlags,
  outer: Terminal,
): Promise<ExitCode> {
  const terminal = progress ? aboveProgress(outer, progress) : outer;
  // What is wrong with the settings is said before the model costs anything.
  const context = new CommandContext(flags, terminal);
  const { settings, destinations, paths, masking } = context;
  const where = { paths, masking, directory: terminal.cwd, files: false };
  // Before a server is asked for it: what it knows it knows by whole ids.
  const session = flags.session === undefined ? undefined : await nameSession(flags.session, where, terminal);
  const named = session === undefined ? {} : { session };
  const work = { ...(await agentOptions("run", flags, context, terminal)), ...named };
  if (flags.logDir !== undefined) await makeLogDir(resolve(terminal.cwd, flags.logDir));

  const git = await gitState(work.directory, terminal.env);
  const traceAt = (place: GitFacts | null): TraceOptions => ({
    ...settings.trace,
    ...(place?.commit ? { metadata: { gitCommit: place.commit, ...settings.trace.metadata } } : {}),
  });
  const exporter = context.exporter(traceAt(git));
  tellUnkept(context, terminal);
  if (flags.live && destinations.length === 0)
    terminal.err(
      `looptrace: --live has nowhere to send: ${switchedOffText(settings.destinations, "so nothing is sent") ?? "no destination is configured."}\n`,
    );
  if (flags.live && work.fullInput === true) terminal.err(idleFullInput("--live"));
  const agent = new OpenCode({
    ...work,
    servers,
    refuseUnknownModel: true,
    live: flags.live ? { exporter } : undefined,
    store: paths,
    masking,
    extraArguments: extra,
    tags: settings.trace.tags,
    git,
  });
  // What a person watches may end up in the log of a CI; where nobody does, nothing is masked for it.
  const quick = once(() => quickMask(masking));
  let hasBegun = false;
  let gitElsewhere: ReturnType<typeof gitState> | undefined;
  const begin = (): void => {
    hasBegun = true;
    onTold();
  };
  const interrupt = onInterrupt(() => {
    progress?.stop();
    const saving = hasBegun ? "; what happened so far is being saved" : "";
    terminal.err(`looptrace: stopping${saving}. Once more quits at once.\n`);
  });
  let result: TurnResult;
  try {
    result = await agent.run(message, {
      signal: interrupt.signal,
      // Before the prompt is handed over; what a server tells of it comes later.
      onServed: ({ directory }) => {
        begin();
        // A session that is gone on with is worked at in its own directory, which has a commit of its own. What goes
        // out live says what was known before.
        if (directory !== work.directory) gitElsewhere ??= gitState(directory, terminal.env);
        return async () => undefined;
      },
      onProgress: (now) => {
        if (now.sessionId !== null && !hasBegun) begin();
        const served = flags.verbose ? servedText(quick()(now.phase), flags.quiet === true) : undefined;
        if (served !== undefined) terminal.err(`looptrace: ${served}\n`);
        progress?.show(quick()(now));
      },
      onEvent: (event) => progress?.take(quick()(event)),
      onRetry: (retry) => {
        progress?.again();
        terminal.err(`looptrace: ${retryText(retry)}\n`);
      },
      practise: (traces, signal) => exporter.practise(traces, signal),
    });
    onTold();
  } catch (error) {
    if (interrupt.signal.aborted) {
      if (!hasBegun) {
        terminal.err(NOTHING_RUN);
        if (flags.json) {
          const { INTERRUPTED, refusedJson } = await import("../run-refused.js");
          onTold();
          terminal.out(refusedJson(INTERRUPTED));
        }
      } else if (error !== interrupt.signal.reason) {
        // What was done so far was to be saved.
        const { reportError } = await import("../report-error.js");
        reportError(error, terminal);
      }
      return EXIT.interrupted;
    }
    throw ofFile(error, flags);
  } finally {
    progress?.stop();
    interrupt.done();
  }

  const last = result.traces.at(-1);
  if (last) progress?.leave(last);
  // The answer first: it need not wait for the trace's delivery.
  if (!flags.json) terminal.out(answerText(result, work.schema !== undefined));
  // It is being stopped since the session was read.
  await servers.close();
  await tellOfWarmth(servers, paths.root, flags, terminal);
  if (flags.verbose && result.driver === "cli")
    terminal.err("looptrace: this opencode is driven by `opencode run`, which starts anew for each prompt.\n");
  const wentWell = !result.error && result.kept && !isOtherAgent(work.agent, result);
  // Of a run that failed they may say why.
  const notes = flags.quiet && wentWell ? [] : result.notes;
  for (const note of notes) terminal.err(`looptrace: ${oneLine(note)}\n`);
  if (flags.logDir !== undefined) await writeTranscript(resolve(terminal.cwd, flags.logDir), result, terminal);
  const said = traceAt(gitElsewhere === undefined ? git : await gitElsewhere);
  const own = await whileWaiting(terminal, flags.quiet ? [] : destinations, (onProgress) =>
    exporter.export(result.traces, { onProgress, trace: said }),
  );
  const isSilent = flags.quiet === true && wentWell && isDelivered(own);
  // A Langfuse is asked for its project's address: only where somebody is told.
  const linked = flags.json || !isSilent ? result.traces : [];
  const flushed = exporter.flush();
  // What did not get through may do so now, and have an address then.
  if (!isDelivered(own)) await flushed;
  const [{ reports: leftovers }, urls] = await Promise.all([flushed, exporter.linksTo(linked)]);

  if (flags.json) terminal.out(`${terminalJson(jsonOf(result, own, urls))}\n`);
  const colors = colorsFor(terminal, terminal.errIsTty);
  const shown = terminal.errIsTty ? { width: terminal.errWidth, short: true } : {};
  for (const trace of isSilent ? [] : result.traces) {
    const url = urls[trace.traceId];
    terminal.err(`${traceLine(trace, { ...shown, colors })}\n`);
    if (url !== undefined) terminal.err(`${hyperlink(colors.dim(url), url, terminal, "err")}\n`);
    const failed = failedTools(trace);
    if (failed) terminal.err(`${colors.yellow(shortenTo(failed.text, terminal.errWidth))}\n`);
  }
  const isNothing = interrupt.signal.aborted && isNothingRun(result);
  if (!isSilent && destinations.length === 0 && result.session !== null && !isNothing) {
    const off = switchedOffText(settings.destinations, "so nothing was sent");
    if (off !== undefined) terminal.err(`${off}\n`);
    terminal.err(`${keptText(result)}\n`);
  }
  for (const report of isSilent ? [] : own) terminal.err(`${deliveryText(report, flags.live)}\n`);
  for (const advice of deliveryAdvice(mergeReports(own, leftovers))) terminal.err(`${advice}\n`);
  if (!flags.json && work.schema === undefined) terminal.err(cutOffText(result));
  if (isNothing) terminal.err(NOTHING_RUN);
  else if (result.error) terminal.err(failureText(result.error));

  if (interrupt.signal.aborted) return EXIT.interrupted;
  // What has to be put right is around the run: there was no turn.
  if (result.error?.code === "start_failed") return EXIT.usage;
  if (result.error) return EXIT.turnFailed;
  return isDelivered(own) && (destinations.length > 0 || result.kept) ? EXIT.ok : EXIT.undelivered;
}

/** opencode answers for an agent that it does not have with another one. */
function isOtherAgent(asked: string | undefined, { traces }: TurnResult): boolean {
  const ran = traces.at(-1)?.loop.agent ?? undefined;
  return asked !== undefined && ran !== undefined && ran !== asked;
}

/** Once, the first time that a server stays: a process that nobody expects is better explained. */
async function tellOfWarmth({ leftMs }: ServerPool, root: string, flags: RunFlags, terminal: Terminal): Promise<void> {
  if (leftMs === undefined || flags.quiet || !(await isFirstToldOf(root))) return;
  terminal.err(
    `looptrace: opencode stays for ${duration(leftMs)} without use (some 600 MB of memory), so that the next run need not wait for its start; --cold, or LOOPTRACE_WARM=0, leaves none, \`looptrace server\` lists what is there.\n`,
  );
}

function jsonOf(
  result: TurnResult,
  delivery: readonly DestinationReport[],
  urls: Readonly<Record<string, string>>,
): object {
  const { text, output, error, sessionId, runId, attempts, totals, traces, exit, notes } = result;
  const { opencode, driver, server } = result;
  const about = { sessionId, runId, text, output, error, attempts, totals };
  return { ...about, opencode, driver, server, exit, notes, urls, delivery, traces };
}

/** What is wrong with a setting that was not typed stands in the file. */
function ofFile(error: unknown, flags: RunFlags): unknown {
  if (!(error instanceof RunRequestError)) return error;
  const typed = new Map<string, unknown>(Object.entries(flags));
  const isOfFile = SETTINGS.some(
    ([name, setting]) =>
      name === error.field &&
      setting.config !== undefined &&
      flagsOn("run", setting).every((flag) => typed.get(flag.name) === undefined),
  );
  if (!isOfFile) return error;
  return new ConfigurationError(error.field, `in looptrace.config.json: ${error.message}`);
}

/** @throws {ConfigurationError} when the folder cannot be made */
async function makeLogDir(folder: string): Promise<void> {
  await makeFolder(folder, 0o700).catch((error: unknown) => {
    throw new ConfigurationError("--log-dir", `--log-dir ${folder} cannot be made: ${describeDiskFailure(error)}.`);
  });
}

async function writeTranscript(folder: string, result: TurnResult, terminal: Terminal): Promise<void> {
  if (!result.session) return;
  const { id } = result.session.session.info;
  const path = join(folder, `${isSessionId(id) ? id : "session"}.txt`);
  await writeFile(path, transcriptOf(result.session), { mode: 0o600 }).catch((error: unknown) => {
    terminal.err(`looptrace: the transcript could not be written to ${path}: ${messageOf(error)}\n`);
  });
}
