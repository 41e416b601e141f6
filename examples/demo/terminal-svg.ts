import { columnsOf } from "../../src/text/columns.js";
import { charactersOf } from "../../src/text/terminal-text.js";

/** A cell of the terminal in pixels, and what lies around all of them. */
const CELL = { width: 8, height: 18 } as const;
const PAD = 14;
const FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";

/** The first six colours of a terminal beyond black, and white, where no colour of the 256 is named. */
const STANDARD = ["#000", "#c33", "#2a7", "#a70", "#27c", "#a4c", "#188", "#888"] as const;

interface Style {
  readonly color: string | null;
  readonly isBold: boolean;
}

interface Run extends Style {
  readonly text: string;
  /** Where it begins, in columns. */
  readonly column: number;
}

const PLAIN: Style = { color: null, isBold: false };

/**
 * What a command has painted as a picture of a terminal: as wide as that was, on the background that the reader's
 * system has, dark or light. Every run of one colour is stretched to its columns, so that fonts make no difference.
 *
 * No library that draws colours of a terminal as SVG is kept up; of its language looptrace writes four words.
 *
 * @param command what was typed
 * @param text with SGR sequences for bold and colours, and hyperlinks
 * @param columns of the terminal
 */
export function terminalSvg(command: string, text: string, columns: number): string {
  const lines = [`\u001b[1m$ ${command}\u001b[22m`, ...text.replace(/\n+$/, "").split("\n")];
  const width = columns * CELL.width + 2 * PAD;
  const height = lines.length * CELL.height + 2 * PAD;
  const rows = lines.flatMap((line, row) =>
    runsOf(line).flatMap((run) => (run.text.trim() === "" ? [] : [textOf(run, PAD + (row + 0.75) * CELL.height)])),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(command)}</title>`,
    `<style>rect{fill:#fff}text{font:13px ${FONT};fill:#222;white-space:pre}.b{font-weight:700}`,
    "@media(prefers-color-scheme:dark){rect{fill:#16181d}text{fill:#d8dade}}</style>",
    `<rect width="${width}" height="${height}" rx="8"/>`,
    ...rows,
    "</svg>\n",
  ].join("\n");
}

function textOf({ text, column, color, isBold }: Run, y: number): string {
  const blanks = text.length - text.trimStart().length;
  const shown = text.trim();
  const x = PAD + (column + blanks) * CELL.width;
  const attributes = [
    `x="${x}" y="${y}" textLength="${columnsOf(shown) * CELL.width}" lengthAdjust="spacingAndGlyphs"`,
    ...(isBold ? ['class="b"'] : []),
    ...(color === null ? [] : [`style="fill:${color}"`]),
  ];
  return `<text ${attributes.join(" ")}>${escaped(shown)}</text>`;
}

/** A line cut where its style changes, and where letters and signs that fonts draw wider or narrower follow each other. */
function runsOf(line: string): readonly Run[] {
  const runs: Run[] = [];
  let style = PLAIN;
  let column = 0;
  // A hyperlink is its text alone in a picture.
  for (const part of line.replace(/\u001b\]8;;[^\u0007]*\u0007/g, "").split(/(\u001b\[[\d;]*m)/)) {
    if (part.startsWith("\u001b")) {
      style = styled(style, part.slice(2, -1).split(";").map(Number));
      continue;
    }
    for (const text of part.match(/[^\u2500-\u259f\u2800-\u28ff]+|[\u2500-\u259f\u2800-\u28ff]+/g) ?? []) {
      for (const piece of narrowAndWide(text)) {
        runs.push({ ...style, text: piece, column });
        column += columnsOf(piece);
      }
    }
  }
  return runs;
}

function narrowAndWide(text: string): readonly string[] {
  const pieces: { text: string; isWide: boolean }[] = [];
  for (const { segment } of charactersOf(text)) {
    const isWide = columnsOf(segment) > 1;
    const last = pieces.at(-1);
    if (last?.isWide === isWide) last.text += segment;
    else pieces.push({ text: segment, isWide });
  }
  return pieces.map((piece) => piece.text);
}

function styled(style: Style, codes: readonly number[]): Style {
  const [code = 0, second, third = 0] = codes;
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, isBold: true };
  if (code === 22) return { ...style, isBold: false };
  if (code === 39) return { ...style, color: null };
  if (code === 38 && second === 5) return { ...style, color: colorOf(third) };
  if (code >= 30 && code <= 37) return { ...style, color: STANDARD[code - 30] ?? null };
  return style;
}

/** A colour of the 256: six steps of red, green and blue, then greys. */
function colorOf(index: number): string {
  if (index < 16) return STANDARD[index % 8] ?? "#888";
  if (index >= 232) return hex([0, 0, 0].map(() => 8 + (index - 232) * 10));
  const cube = index - 16;
  return hex(
    [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => (step === 0 ? 0 : 55 + step * 40)),
  );
}

function hex(channels: readonly number[]): string {
  return `#${channels.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
