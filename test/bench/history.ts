/**
 * What the benchmarks have measured, version by version: `npm run bench -- --json test/bench/history.json` adds to it,
 * and this writes the table of it in docs/performance.md.
 *
 *   npx tsx test/bench/history.ts
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { hasCode } from "../../src/errors/thrown.js";
import type { Comparison } from "./measure.js";

const entry = z.strictObject({
  /** The version of looptrace. */
  looptrace: z.string(),
  /** The day in UTC, such as 2026-11-29. */
  date: z.iso.date(),
  /** The version of Node.js; the system, its kind of processor, and how many of which there are. */
  node: z.string(),
  platform: z.string(),
  /** Ratios of looptrace to what it is measured against, by the comparison's name. */
  ratios: z.record(z.string(), z.number()),
  /** What they should be at most, by the same names, where something is aimed at. */
  aims: z.record(z.string(), z.number()),
});
const history = z.array(entry);
export type Entry = z.infer<typeof entry>;

/** What one run of the benchmarks has measured. */
export type Run = Pick<Entry, "looptrace" | "date" | "node" | "platform"> & {
  readonly comparisons: readonly Comparison[];
};

/** The history with a run; one of the same version, day and machine is brought up to date, since parts run apart. */
export function withRun(entries: readonly Entry[], { comparisons, ...where }: Run): readonly Entry[] {
  const round = (ratio: number): number => Number(ratio.toPrecision(3));
  const ratios = Object.fromEntries(comparisons.map(({ name, ratio }) => [name, round(ratio)]));
  const aims = Object.fromEntries(comparisons.flatMap(({ name, aim }) => (aim === undefined ? [] : [[name, aim]])));
  const isSame = (one: Entry): boolean =>
    one.looptrace === where.looptrace &&
    one.date === where.date &&
    one.node === where.node &&
    one.platform === where.platform;
  const known = entries.find(isSame);
  const added = { ...where, ratios: { ...known?.ratios, ...ratios }, aims: { ...known?.aims, ...aims } };
  return [...entries.filter((one) => one !== known), added];
}

/** Entries beside each other are still read at a glance. */
const MOST_COLUMNS = 3;

/** What was aimed at, with the last entries beside each other. */
export function historyTable(entries: readonly Entry[]): string {
  const last = entries.slice(-MOST_COLUMNS);
  const aims = new Map(last.flatMap((one) => Object.entries(one.aims)));
  const rows = [
    [
      "ratio",
      "aim",
      ...last.map(({ looptrace, date, platform }) => `${looptrace} ${[date, ...machineOf(platform)].join(", ")}`),
    ],
    ["---", ...Array.from({ length: last.length + 1 }, () => "---:")],
    ...[...aims].map(([name, aim]) => [
      name,
      `≤ ${aim}`,
      ...last.map(({ ratios }) => (ratios[name] === undefined ? "" : String(ratios[name]))),
    ]),
  ];
  return rows.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** What a processor is called, without marks and its clock rate. */
export function processorName(model: string): string {
  const plain = model.replace(/\((?:R|TM)\)/gi, "").replace(/\s+(?:CPU|Processor)\b.*$|\s+@.*$/i, "");
  return plain.replace(/\s+/g, " ").trim() || "unknown";
}

/** What an entry says of its processors, behind the system; earlier ones say nothing. */
function machineOf(platform: string): readonly string[] {
  return platform.split(", ").slice(1);
}

/** Where the table stands in the page. */
const PLACE = /<!-- history -->\n.*?<!-- \/history -->/s;

/** The page with the table in the place of the old one. @throws when it has no place for it */
export function withTable(page: string, table: string): string {
  if (!PLACE.test(page)) throw new Error("There is no <!-- history --> in the page.");
  return page.replace(PLACE, () => `<!-- history -->\n${table}\n<!-- /history -->`);
}

/**
 * Adds a run to a file, which is made where it is not there.
 *
 * @throws when the file is not a history
 */
export async function addToHistory(path: string, run: Run): Promise<void> {
  await writeFile(path, `${JSON.stringify(withRun(await readHistory(path), run), undefined, 2)}\n`);
}

async function readHistory(path: string): Promise<readonly Entry[]> {
  try {
    return history.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = new URL("../../docs/performance.md", import.meta.url);
  const table = historyTable(await readHistory(fileURLToPath(new URL("history.json", import.meta.url))));
  await writeFile(page, withTable(await readFile(page, "utf8"), table));
}
