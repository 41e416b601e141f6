import type { Comparison } from "./measure.js";

/** The comparisons as a table for people. */
export function paintTable(comparisons: readonly Comparison[]): string {
  const rows = [
    ["", "looptrace", "bare", "ratio", "aim", ""],
    ...comparisons.map(({ name, unit, looptrace, bare, ratio, aim, note }) => [
      name,
      `${figure(looptrace)} ${unit}`,
      `${figure(bare)} ${unit}`,
      `${ratio.toFixed(2)}x`,
      aim === undefined ? "" : `≤ ${aim}x${ratio <= aim ? "" : " missed"}`,
      note ?? "",
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          const isText = column === 0 || column === row.length - 1;
          return isText ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
