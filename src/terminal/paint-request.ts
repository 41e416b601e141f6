import type { RequestDiff } from "../analysis/request-diff.js";
import type { RequestView } from "../analysis/request-view.js";
import { count, plural } from "../text/format.js";
import { oneLine, severalLines, shortenTo } from "../text/terminal-text.js";
import { wrapped } from "../text/wrap-text.js";
import { inColors, worded } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";

const INDENT = "  ";

/** One request whole, folded to the width: its facts, what was sent, what came back. */
export function paintRequest({ title, facts, sections }: RequestView, { width, colors }: PaintOptions): string {
  const indented = (text: string, indent: string): string[] =>
    wrapped(severalLines(text), width - indent.length).map((line) => (line === "" ? "" : `${indent}${line}`));
  return [
    colors.bold(shortenTo(oneLine(title), width)),
    ...inColors(
      facts.map(([label, value]) => worded(label, oneLine(value), label === "error" ? "failed" : "plain")),
      width,
      colors,
    ),
    ...sections.flatMap(({ heading, blocks }) => [
      "",
      colors.bold(shortenTo(oneLine(heading), width)),
      ...blocks.flatMap(({ label, text }) =>
        label === null
          ? indented(text, INDENT)
          : [colors.dim(shortenTo(`${INDENT}${oneLine(label)}`, width)), ...indented(text, `${INDENT}${INDENT}`)],
      ),
    ]),
  ].join("\n");
}

/** Of what a part said so many lines are shown; `--call` has it whole. */
const MOST_LINES = 6;

function excerptLines(text: string, room: number): readonly string[] {
  const lines = wrapped(text, room);
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES - 1), shortenTo(lines.slice(MOST_LINES - 1).join(" "), room)];
}

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

/** What changed from one request to another, a line a part with what it said; no line is wider than the terminal. */
export function paintRequestDiff(
  diff: RequestDiff,
  [from, to]: readonly [number, number],
  { width, colors }: PaintOptions,
): string {
  const { identical, firstDifference: first, changes } = diff;
  const tone = { added: colors.green, removed: colors.red, changed: colors.yellow };
  const many = (kind: keyof typeof SIGNS): number => changes.filter((change) => change.kind === kind).length;
  const sums = (["added", "changed", "removed"] as const).map((kind) => `${count(many(kind))} ${kind}`).join(", ");
  const excerpt = (sign: string, text: string | null, color: (line: string) => string): string[] =>
    text === null || text === ""
      ? []
      : excerptLines(oneLine(text), width - 6).map((line, index) =>
          color(shortenTo(`    ${index === 0 ? sign : " "} ${line}`, width)),
        );
  const place = first
    ? [
        `first difference at character ${count(first.at)}, in ${first.name === null ? "the request" : oneLine(first.name)}`,
      ]
    : [];
  return [
    colors.bold(shortenTo(`From request ${from} to request ${to}`, width)),
    ...(identical ? ["Both bodies are the same."] : [`${plural(changes.length, "part")}: ${sums}`, ...place]).map(
      (line) => shortenTo(line, width),
    ),
    ...(first ? [...excerpt("-", first.before, colors.red), ...excerpt("+", first.after, colors.green)] : []),
    ...changes.flatMap((change) => {
      const { kind, name, before, after, charactersBefore: had, charactersAfter: has } = change;
      const size = kind === "changed" ? `${count(had)} → ${count(has)}` : count(kind === "added" ? has : had);
      return [
        "",
        tone[kind](shortenTo(`${SIGNS[kind]} ${oneLine(name)}, ${size} characters`, width)),
        ...excerpt("-", before, colors.dim),
        ...excerpt("+", after, colors.dim),
      ];
    }),
  ].join("\n");
}
