const SIGNS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/**
 * Values as a row of columns, the greatest as high as a line is; nothing is blank. Of more values than columns
 * neighbours are added up.
 *
 * @param values none below 0
 * @param columns at least 1
 */
export function sparkline(values: readonly number[], columns: number): string {
  const each = Math.max(1, Math.ceil(values.length / columns));
  const sums = Array.from({ length: Math.ceil(values.length / each) }, (_, index) =>
    values.slice(index * each, (index + 1) * each).reduce((sum, value) => sum + value, 0),
  );
  const most = Math.max(...sums);
  return sums
    .map((value) => {
      if (value <= 0) return " ";
      return SIGNS[Math.min(SIGNS.length - 1, Math.floor((value / most) * SIGNS.length))] ?? "";
    })
    .join("");
}
