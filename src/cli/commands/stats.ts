import { homedir } from "node:os";
import type { Dimension } from "../../analysis/stats/dimensions.js";
import { statsCsv, toolStatsCsv } from "../../analysis/stats/stats-csv.js";
import { type StatsOptions, type StatsReport, statsOfTables, statsReport } from "../../analysis/stats/stats-report.js";
import { type TrendReport, trendsOf } from "../../analysis/stats/trends.js";
import { READING_RISKS } from "../../config/config-risks.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { maskFor } from "../../masking/mask.js";
import { paintStats } from "../../terminal/paint-stats.js";
import { trendLines } from "../../terminal/trend-lines.js";
import { csvLine } from "../../text/csv.js";
import { terminalJson } from "../../text/terminal-json.js";
import { colorsFor } from "../colors.js";
import { CommandContext } from "../command-context.js";
import { dataFormat, type FormatFlags } from "../data-format.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { factsOf, unreadable } from "../facts-of.js";
import type { FromFlags } from "../from-flags.js";
import { nothingKept, whyNothing } from "../nothing-kept.js";
import { calendarIn, momentOf } from "../parse-moment.js";
import { reportError } from "../report-error.js";
import type { Terminal } from "../terminal.js";

export interface StatsFlags extends Omit<FromFlags, "tag" | "last" | "all" | "fresh">, FormatFlags {
  readonly by?: readonly Dimension[];
  readonly until?: string;
  readonly timezone?: string;
  readonly project?: string;
  readonly model?: string;
  readonly agent?: string;
  readonly branch?: string;
  readonly tag?: string;
  readonly outcome?: string;
  readonly tools?: boolean;
  readonly explain?: boolean;
  readonly trends?: boolean;
  /** How many rows are shown, of those in no order of time. */
  readonly top?: number;
  readonly width?: number;
}

const DEFAULT_TOP = 40;

/**
 * `looptrace stats`: what many sessions took, put together by days, models, branches and so on.
 *
 * @throws {ConfigurationError} when options contradict each other, or a time or a zone is none
 */
export async function stats(sources: readonly string[], flags: StatsFlags, terminal: Terminal): Promise<ExitCode> {
  const format = dataFormat(flags);
  if (format === "csv" && flags.trends)
    throw new ConfigurationError("--trends", "--csv prints one table, and trends are another.\nSay --json for both.");
  const calendar = calendarIn(flags.timezone, terminal.env);
  const since = flags.since === undefined ? undefined : momentOf("--since", flags.since, calendar);
  const until = flags.until === undefined ? undefined : momentOf("--until", flags.until, calendar);
  if (since !== undefined && until !== undefined && since >= until)
    throw new ConfigurationError("--until", "--until is before --since: no turn can be in between.");
  const { project, model, agent, branch, tag, outcome } = flags;
  let unread = 0;
  const onUnreadable = (error: unknown): void => {
    unread += 1;
    reportError(error, terminal);
  };
  const { masking, prices } = new CommandContext(maskFlags(flags), terminal, { uses: READING_RISKS });
  // Langfuse has been asked for the tag already, and does not tell which traces have which.
  const ofTag = flags.from === undefined ? tag : undefined;
  const filter = { since, until, project, model, agent, branch, tag: ofTag, outcome };
  const options = { by: flags.by ?? ["day"], ...{ calendar, prices, filter }, tools: flags.tools };
  if (flags.from !== undefined && !flags.quiet) tellUntold(flags, terminal);
  const { report: told, isNothing } = await toldOf(sources, flags, { terminal, options, onUnreadable });
  // Names of branches, tags and tools are texts too.
  const report = (await maskFor([told], masking))(told);
  if (format === "json") terminal.out(`${terminalJson(report)}\n`);
  else if (format === "csv")
    terminal.out((flags.tools ? toolStatsCsv(report) : statsCsv(report)).map(csvLine).join(""));
  else if (isNothing && flags.from === undefined && sources.length === 0 && unread === 0)
    terminal.err(`${nothingKept(whyNothing(terminal))}\n`);
  else {
    const paint = {
      width: flags.width ?? terminal.width,
      colors: colorsFor(terminal, terminal.outIsTty),
      home: terminal.env.HOME || homedir(),
      top: flags.top ?? DEFAULT_TOP,
      explain: flags.explain,
      scope: sources.length === 0 && flags.from === undefined && project === undefined ? "of all projects" : undefined,
    };
    const trends = report.trends ? trendLines(report.trends, paint.width, paint.colors) : [];
    terminal.out(`${[paintStats(report, paint), ...(trends.length > 0 ? ["", ...trends] : [])].join("\n")}\n`);
  }
  return unread > 0 ? EXIT.usage : EXIT.ok;
}

/** What statistics over Langfuse's traces cannot be put together or narrowed by: the traces do not carry it. */
function tellUntold({ by = [], branch }: StatsFlags, terminal: Terminal): void {
  const untold = (["branch", "commit", "pr", "tag"] as const).filter(
    (dimension) => by.includes(dimension) || (dimension === "branch" && branch !== undefined),
  );
  if (untold.length === 0) return;
  const names = untold.map((dimension) => (dimension === "pr" ? "pull request" : dimension)).join(", ");
  terminal.err(
    `looptrace: Traces that are read back from Langfuse do not tell their ${names}.\n\`looptrace stats\` without --from does, of the sessions that are kept here; --tag is asked of Langfuse itself.\n`,
  );
}

interface Told extends StatsReport {
  readonly trends: TrendReport | null;
}

/** Sums of all that is kept need no facts of the single sessions, whose tools and times take longest to read. */
async function toldOf(
  sources: readonly string[],
  flags: StatsFlags,
  {
    terminal,
    options,
    onUnreadable,
  }: { readonly terminal: Terminal; readonly options: StatsOptions; readonly onUnreadable: (error: unknown) => void },
): Promise<{ readonly report: Told; readonly isNothing: boolean }> {
  const isOfKept = sources.length === 0 && flags.from === undefined && flags.environment === undefined;
  if (isOfKept && !flags.tools && !flags.trends) {
    const { keptTurns } = await import("../kept-facts.js");
    const tables = await keptTurns(flags, terminal, (id, reason) => onUnreadable(unreadable(id, reason)));
    const isNothing = tables.every(({ turns }) => turns.start.length === 0);
    return { report: { ...statsOfTables(tables, options), trends: null }, isNothing };
  }
  const facts = await factsOf(sources, remoteFlags(sources, flags), terminal, onUnreadable);
  const trends = flags.trends ? trendsOf(facts, options) : null;
  return { report: { ...statsReport(facts, options), trends }, isNothing: facts.length === 0 };
}

/** Tags are a filter here, and no part of what is sent. */
function maskFlags({ mask }: StatsFlags): Pick<StatsFlags, "mask"> {
  return mask === undefined ? {} : { mask };
}

/** Langfuse is asked for what is meant and for no more. */
function remoteFlags(sources: readonly string[], { tag, since, ...flags }: StatsFlags): FromFlags {
  if (flags.from === undefined) return flags;
  return {
    ...flags,
    ...(tag === undefined ? {} : { tag: [tag] }),
    ...(sources.length > 0 ? {} : { since: since ?? DEFAULT_SINCE }),
  };
}

/** Langfuse has no list of all that could be asked for at once. */
const DEFAULT_SINCE = "30d";
