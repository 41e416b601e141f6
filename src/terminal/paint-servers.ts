import type { WarmServerFacts } from "../opencode/server.js";
import { bytesText, count, duration, UNKNOWN } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { wrapped } from "../text/wrap-text.js";
import { fitTable, hiddenColumnsLine, roomOf, STAYS, type TableColumn } from "./fit-table.js";
import { inColors } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";

/** As much of an id as a person needs: the rest says where the server is, and is the same for all. */
const ID_LENGTH = 8;

/** The beginning of a server's id that tells it apart. */
export function shortServerId(id: string): string {
  return id.slice(0, ID_LENGTH);
}

/** The servers that outlive their runs as a table. No line is wider than the terminal. */
export function paintServers(servers: readonly WarmServerFacts[], { width, colors }: PaintOptions): string {
  if (servers.length === 0) return "No opencode is left from a run.";
  const of = (read: (server: WarmServerFacts) => string): string[] => servers.map((server) => oneLine(read(server)));
  const columns: readonly TableColumn[] = [
    { heading: "id", align: "left", worth: STAYS, cells: of(({ id }) => shortServerId(id)) },
    { heading: "state", align: "left", worth: STAYS, cells: of(stateText) },
    { heading: "opencode", align: "left", worth: 60, cells: of(({ version }) => version ?? UNKNOWN) },
    { heading: "age", align: "right", worth: 80, cells: of(({ ageMs }) => duration(ageMs)) },
    { heading: "idle", align: "right", worth: 90, cells: of(idleText) },
    {
      heading: "memory",
      align: "right",
      worth: 85,
      cells: of(({ memoryBytes }) => (memoryBytes === null ? UNKNOWN : bytesText(memoryBytes))),
    },
    { heading: "uses", align: "right", worth: 40, cells: of(({ uses }) => count(uses)) },
    { heading: "pid", align: "right", worth: 20, cells: of(({ pid }) => String(pid)) },
  ];
  const whys = of(({ why }) => why);
  const all: readonly TableColumn[] = [...columns, { heading: "why", align: "left", worth: STAYS, cells: whys }];
  // A reason that is cut off says nothing.
  const isBehind = roomOf(all) <= width;
  const { head, rows, hidden } = fitTable(isBehind ? all : columns, width);
  const lines = rows.flatMap((line, index) => {
    const below = isBehind ? [] : whyLines(whys[index] ?? "", width);
    return [line, ...below].map((one) => (servers[index]?.state === "ready" ? one : colors.yellow(one)));
  });
  const hint = inColors(hiddenColumnsLine(hidden), width, colors);
  return [colors.dim(head), ...lines, ...(hint.length > 0 ? ["", ...hint] : [])].join("\n");
}

/** Why a server was started, whole, below its line. */
function whyLines(why: string, width: number): readonly string[] {
  const columns = Math.max(LEAST_COLUMNS, width - INDENT.length);
  return wrapped(`why: ${why}`, columns).map((line) => shortenTo(`${INDENT}${line}`, width));
}

const INDENT = "  ";
const LEAST_COLUMNS = 2;

function stateText({ state, runs }: WarmServerFacts): string {
  return state === "ready" && runs > 0 ? "at work" : state;
}

function idleText({ idleMs, idleLimitMs }: WarmServerFacts): string {
  return idleMs === null ? "" : `${duration(idleMs)} of ${duration(idleLimitMs)}`;
}
