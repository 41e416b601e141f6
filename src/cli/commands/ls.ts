import type { Catalog, CatalogSession } from "../../catalog/catalog.js";
import { isMeant } from "../../catalog/choose-sessions.js";
import { pricedSessions } from "../../catalog/priced-sessions.js";
import { SESSION_COLUMNS, sessionCsv } from "../../catalog/session-csv.js";
import { shortIds } from "../../catalog/short-ids.js";
import { READING_RISKS } from "../../config/config-risks.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { refuseUnreadableStore } from "../../files/store-obstacle.js";
import { maskFor } from "../../masking/mask.js";
import { loadSessions } from "../../sessions/load-sessions.js";
import { selectSessions } from "../../sessions/select-sessions.js";
import { paintSessions } from "../../terminal/paint-sessions.js";
import { csvLine } from "../../text/csv.js";
import { count, plural } from "../../text/format.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import { colorsFor } from "../colors.js";
import { CommandContext } from "../command-context.js";
import { dataFormat, type FormatFlags } from "../data-format.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { rememberList } from "../last-list.js";
import { nothingKept, whyNothing } from "../nothing-kept.js";
import { withKept } from "../open-kept.js";
import { parseSince } from "../parse-moment.js";
import { whilePatient } from "../patient-line.js";
import { reportError } from "../report-error.js";
import { projectFilter } from "../scope.js";
import { sessionCounter } from "../session-counter.js";
import { loadOptions, type SourceFlags } from "../sources.js";
import type { Terminal } from "../terminal.js";

export interface LsFlags extends Omit<SourceFlags, "last">, FormatFlags {
  readonly project?: string;
  readonly failed?: boolean;
  readonly model?: string;
  readonly grep?: readonly string[];
  /** 0 for all. */
  readonly limit?: number;
  readonly width?: number;
}

const DEFAULT_LIMIT = 20;
/** So long a person waits for a list that was never made before, ms. */
const PATIENCE_MS = 3_000;

/**
 * `looptrace ls`: the kept sessions, those that went on last first.
 *
 * @param patience begins when the kept sessions are looked at; those that are not read then are read in the background
 * @throws {ConfigurationError} when options contradict each other, or a text to look for holds no word
 */
export async function ls(
  flags: LsFlags,
  terminal: Terminal,
  patience: () => AbortSignal = () => AbortSignal.timeout(PATIENCE_MS),
): Promise<ExitCode> {
  const format = dataFormat(flags);
  const context = new CommandContext(flags, terminal, { uses: READING_RISKS });
  const since = flags.since === undefined ? undefined : parseSince(flags.since, terminal.env);
  const unreadable = flags.all ? await bringIn(flags, context, terminal) : 0;
  // A program is given all; a person sooner what is known, which are the newest.
  const signal = format === "text" && terminal.background ? patience() : undefined;
  const list = async (catalog: Catalog, unread: number): Promise<ExitCode> => {
    const found = await foundIn(catalog, flags.grep ?? []);
    const { failed, model } = flags;
    const filter = {
      project: flags.project === undefined ? undefined : projectFilter(flags.project, terminal.cwd),
      since,
      failed,
      model,
      found,
    };
    const all = catalog.sessions();
    const meant = all.filter((session) => isMeant(session, filter));
    const limit = flags.limit ?? (format === "text" ? DEFAULT_LIMIT : 0);
    const listed = limit === 0 ? meant : meant.slice(0, limit);
    const priced = await pricedSessions(listed, catalog, context.prices);
    const shown = (await maskFor([priced], context.masking))(priced);
    if (format === "json") terminal.out(`${terminalJson(shown.map(jsonOf))}\n`);
    else if (format === "csv") terminal.out([SESSION_COLUMNS, ...sessionCsv(shown)].map(csvLine).join(""));
    else if (shown.length === 0) {
      if (unread === 0) terminal.err(`${nothingText(all.length, flags, terminal)}\n`);
    } else {
      await rememberList(
        context.paths,
        shown.map(({ id }) => id),
      );
      const paint = { width: flags.width ?? terminal.width, colors: colorsFor(terminal, terminal.outIsTty) };
      const shortId = shortIds(all.map(({ id }) => id));
      terminal.out(`${paintSessions(shown, { ...paint, now: Date.now(), shortId })}\n`);
      const more = meant.length - listed.length;
      if (more > 0) terminal.err(`… and ${count(more)} more: --limit 0 lists all ${count(meant.length)}.\n`);
    }
    if (unread > 0) {
      terminal.background?.(["__index"]);
      terminal.err(
        `looptrace: ${plural(unread, "older session")} ${unread === 1 ? "is" : "are"} still to be read, once, which goes on in the background: a later list has them too.\n`,
      );
    }
    return unreadable > 0 ? EXIT.usage : EXIT.ok;
  };
  return await withKept(context, terminal, list, signal);
}

/** @returns the sessions in which each of the texts occurs; undefined where none is looked for */
async function foundIn(catalog: Catalog, texts: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  let found: ReadonlySet<string> | undefined;
  for (const text of texts) {
    const here = await catalog.search(text);
    if (!here)
      throw new ConfigurationError("--grep", `--grep looks for words, and there is none in ${JSON.stringify(text)}.`);
    const before = found;
    found = before ? new Set([...before].filter((id) => here.has(id))) : here;
  }
  return found;
}

const ASKING = "asking opencode for the sessions of this directory's project";

/** Keeps what only opencode knows of the project's sessions. @returns how many could not be read */
async function bringIn(flags: LsFlags, context: CommandContext, terminal: Terminal): Promise<number> {
  refuseUnreadableStore(context.paths);
  const options = loadOptions(flags, terminal, "kept", context);
  const ids = await whilePatient(terminal, ASKING, selectSessions({ kind: "all" }, options));
  const known = await withKept(context, terminal, async (catalog) => new Set(ids.filter((id) => catalog.has(id))));
  const missing = ids.filter((id) => !known.has(id));
  const counter = sessionCounter(terminal, missing.length);
  let unread = 0;
  const onUnreadable = (error: unknown): void => {
    unread += 1;
    counter.clear();
    reportError(error, terminal);
  };
  await loadSessions(missing, { ...options, onUnreadable }, () => {
    counter.clear();
    counter.next();
  });
  counter.clear();
  return unread;
}

/** A row's fields as they are; what cannot be read says why. */
function jsonOf(session: CatalogSession): object {
  const { kind, id, storedAt } = session;
  return session.kind === "session"
    ? { kind, ...session.row, costByUser: session.costByUser ?? 0, storedAt }
    : { kind, id, storedAt, reason: session.reason };
}

const NONE_OF_PROJECT =
  "No session is kept yet, and opencode has none of this directory's project.\n`looptrace run \"What is in this folder?\"` makes one; in another project's directory `looptrace ls --all` keeps those of that.";

/** @param kept how many sessions there are at all */
function nothingText(
  kept: number,
  { grep = [], project, since, model, failed, all }: LsFlags,
  terminal: Terminal,
): string {
  // Of a first look with --all it is known that opencode has none.
  if (kept === 0) return all ? NONE_OF_PROJECT : nothingKept(whyNothing(terminal));
  const asked = [
    ...grep.map((words) => `--grep ${JSON.stringify(oneLine(words))}`),
    ...(project === undefined ? [] : [`--project ${oneLine(project)}`]),
    ...(since === undefined ? [] : [`--since ${oneLine(since)}`]),
    ...(model === undefined ? [] : [`--model ${oneLine(model)}`]),
    ...(failed ? ["--failed"] : []),
  ];
  const advice = asked.length > 1 ? "Leave one of them out" : "Ask for less";
  const none = kept === 1 ? "Nothing matches" : `None of the ${count(kept)} kept sessions fits`;
  return `${none} ${asked.join(" and ")}.\n${advice}; \`looptrace ls\` lists all.`;
}
