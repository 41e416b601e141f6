import { outcomeText } from "../analysis/outcome.js";
import type { CatalogSession, SessionRow } from "../catalog/catalog.js";
import { cost, costDecimals, count, duration, known } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { fitTable, hiddenColumnsLine, STAYS, type TableColumn } from "./fit-table.js";
import { inColors, type LabelledLine, worded } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";
import { USER_MARK } from "./stats-notes.js";
import { whenText } from "./when-text.js";

export interface SessionsOptions extends PaintOptions {
  /** ms since the epoch. */
  readonly now: number;
  /** The beginning of an id that tells it apart. */
  readonly shortId: (id: string) => string;
}

const MOST_TITLE = 200;

/**
 * Kept sessions as a table, numbered from 1: what and how it went first, the id last. No line is wider than the
 * terminal. Where it is narrow the id goes before the time: the number names a session too, and nothing else says how
 * long it took.
 */
export function paintSessions(sessions: readonly CatalogSession[], options: SessionsOptions): string {
  const { width, colors, now, shortId } = options;
  const of = (read: (row: SessionRow) => string, otherwise = ""): string[] =>
    sessions.map((session) => (session.kind === "session" ? read(session.row) : otherwise));
  const decimals = costDecimals(sessions.flatMap((one) => (one.kind === "session" ? (one.row.cost ?? []) : [])));
  const outcomes = sessions.map(sessionOutcome);
  const columns: readonly TableColumn[] = [
    { heading: "#", align: "right", worth: STAYS, cells: sessions.map((_, index) => String(index + 1)) },
    { heading: "title", align: "left", worth: STAYS, shortest: 24, comfort: 36, cells: sessions.map(titleText) },
    { heading: "outcome", align: "left", worth: STAYS, shortest: 14, comfort: 24, cells: outcomes },
    { heading: "when", align: "left", worth: STAYS, cells: sessions.map((one) => whenText(whenOf(one), now)) },
    {
      heading: "project",
      align: "left",
      worth: 60,
      shortest: 8,
      cells: of(({ directory }) => oneLine(projectName(directory))),
    },
    { heading: "model", align: "left", worth: 50, shortest: 10, cut: "middle", cells: of(modelText) },
    { heading: "steps", align: "right", worth: 40, cells: of(({ steps }) => count(steps)) },
    { heading: "tokens", align: "right", worth: 70, cells: of(({ tokens }) => known(tokens)) },
    { heading: "cost", align: "right", worth: 80, cells: sessions.map((one) => costText(one, decimals)) },
    { heading: "time", align: "right", worth: 65, cells: of((row) => duration(row.duration)) },
    { heading: "slowest tool", align: "left", worth: 20, cells: of(slowestText) },
    { heading: "id", align: "left", worth: 45, cells: sessions.map(({ id }) => shortId(id)) },
  ];
  const { head, rows, hidden } = fitTable(columns, width);
  const lines = rows.map((line, index) => {
    const session = sessions[index];
    if (session?.kind === "unreadable") return colors.dim(line);
    if (session?.row.outcome === "failed") return colors.red(line);
    return session?.row.outcome === "unfinished" ? colors.yellow(line) : line;
  });
  const isProjectHidden = hidden?.headings.includes("project") === true;
  const hint = inColors(
    [...priceNote(sessions), ...(isProjectHidden ? projectsNote(sessions) : []), ...hiddenColumnsLine(hidden)],
    width,
    colors,
  );
  return [colors.dim(head), ...lines, ...(hint.length > 0 ? ["", ...hint] : [])].join("\n");
}

/** When a session's last turn began, else when it was kept, ms since the epoch. */
export function whenOf(session: CatalogSession): number {
  return session.kind === "session" ? session.row.at : session.storedAt;
}

/** A session by its title, for a list; of one that cannot be read the reason. */
export function titleText(session: CatalogSession): string {
  const text = session.kind === "session" ? session.row.title : session.reason;
  return oneLine(text.slice(0, MOST_TITLE)) || "(untitled)";
}

/** How a session's last turn ended, for a list. */
export function sessionOutcome(session: CatalogSession): string {
  return session.kind === "unreadable" ? "not read" : outcomeText(session.row);
}

function costText(session: CatalogSession, decimals: number): string {
  if (session.kind === "unreadable") return "";
  return `${cost(session.row.cost, decimals)}${isByUser(session) ? USER_MARK : ""}`;
}

function isByUser(session: CatalogSession): boolean {
  return session.kind === "session" && (session.costByUser ?? 0) > 0;
}

/** Where no column says it, a list of several projects looks like that of one. */
function projectsNote(sessions: readonly CatalogSession[]): readonly LabelledLine[] {
  const folders = new Set(sessions.flatMap((one) => (one.kind === "session" ? [one.row.directory] : [])));
  return folders.size < 2
    ? []
    : [worded("several", "projects are in this list: --project . leaves this one's", "muted")];
}

function priceNote(sessions: readonly CatalogSession[]): readonly LabelledLine[] {
  return sessions.some(isByUser) ? [worded(USER_MARK, "behind a cost: some of it is by your prices", "muted")] : [];
}

/** A folder by the last part of its path. */
function projectName(directory: string): string {
  return directory.split(/[\\/]/).filter(Boolean).at(-1) ?? directory;
}

/** The model of the last turn, and how many others there were. */
function modelText({ models }: SessionRow): string {
  const name = oneLine(models.at(-1) ?? "");
  const short = name.slice(name.indexOf("/") + 1);
  return models.length > 1 ? `${short} +${models.length - 1}` : short;
}

function slowestText({ slowestTool }: SessionRow): string {
  return slowestTool ? `${oneLine(slowestTool.name)} ${duration(slowestTool.ms)}` : "";
}
