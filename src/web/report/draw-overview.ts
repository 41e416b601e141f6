import type { ReportRow } from "../data/report-data.js";
import { ACTIVITIES, activityColumns } from "./activity.js";
import { colorOf } from "./css-color.js";

interface Drawn {
  readonly rows: readonly ReportRow[];
  readonly ends: readonly number[];
  readonly duration: number;
  readonly found: readonly number[];
}

/** How high the marks are of what failed, above, and of what was found, below; px. */
const MARK = 5;

/** The overview's picture, in the page's colours as they are now. */
export function drawOverview(canvas: HTMLCanvasElement, { rows, ends, duration, found }: Drawn): void {
  const context = canvas.getContext("2d");
  const place = canvas.parentElement;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!context || !place || width === 0) return;
  const density = devicePixelRatio || 1;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  context.scale(density, density);
  const columns = activityColumns(rows, ends, duration, width);
  const inner = height - 2 * (MARK + 1);
  const filled = new Float32Array(width);
  for (const activity of ACTIVITIES) {
    context.fillStyle = colorOf(place, activity);
    for (const [x, share] of columns[activity].entries()) {
      if (share === 0) continue;
      const below = filled[x] ?? 0;
      context.fillRect(x, MARK + 1 + (1 - below - share) * inner, 1, share * inner);
      filled[x] = below + share;
    }
  }
  const marks = (color: string, y: number, moments: readonly number[]): void => {
    context.fillStyle = colorOf(place, color);
    const times = new Map<number, number>();
    for (const at of moments) {
      const x = Math.min(width - 2, Math.round((at / Math.max(1, duration)) * width));
      times.set(x, (times.get(x) ?? 0) + 1);
    }
    const most = Math.max(...times.values());
    // Where all is full of them, the fullest places stand out.
    for (const [x, many] of times) {
      context.globalAlpha = times.size < width / 4 ? 1 : 0.15 + 0.85 * (many / most);
      context.fillRect(x - 1, y, 3, MARK);
    }
    context.globalAlpha = 1;
  };
  // What failed is told by the innermost row that did.
  const failed = rows.filter(({ tone, kind }) => tone !== "plain" && kind !== "loop" && kind !== "step");
  marks(
    "bad",
    0,
    failed.map(({ start }) => start),
  );
  marks(
    "found",
    height - MARK,
    found.map((row) => rows[row]?.start ?? 0),
  );
}
