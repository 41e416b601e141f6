import type { Colors } from "picocolors/types.js";
import type { Finding, FindingStatus } from "../doctor/finding.js";
import { plural } from "../text/format.js";
import { oneLine, padEnd, shortenTo } from "../text/terminal-text.js";
import { wrapped } from "../text/wrap-text.js";
import type { PaintOptions } from "./paint-tree.js";

const WORDS: Readonly<Record<FindingStatus, string>> = { ok: "ok", warning: "warning", failed: "FAILED" };

const GAP = "  ";
/** As wide as the gap, so that what goes on stands below the words. */
const ARROW = "→ ";
const STATUS_WIDTH = WORDS.warning.length;

/** Less than this is no room for a sentence: then it stands below, from the left. */
const NARROWEST_TEXT = 30;

/**
 * What was found, a line each, below it what to do; longer ones go on, indented. No line is wider than the terminal.
 */
export function paintFindings(findings: readonly Finding[], { width, colors }: PaintOptions): string {
  const checkWidth = Math.max(0, ...findings.map(({ check }) => oneLine(check).length));
  const beside = STATUS_WIDTH + checkWidth + 2 * GAP.length;
  const indent = width - beside >= NARROWEST_TEXT ? beside : GAP.length;
  return findings
    .flatMap((finding) => {
      const head = `${padEnd(WORDS[finding.status], STATUS_WIDTH)}${GAP}${padEnd(oneLine(finding.check), checkWidth)}`;
      const [first = "", ...more] = wrapped(oneLine(finding.found), width - indent);
      const advice = wrapped(oneLine(finding.advice ?? ""), width - indent - ARROW.length);
      const rest = [
        ...more,
        ...(finding.advice === null ? [] : advice.map((line, at) => `${at === 0 ? ARROW : GAP}${line}`)),
      ];
      const lines = indent === beside ? [`${head}${GAP}${first}`] : [head.trimEnd(), `${GAP}${first}`];
      return [...lines, ...rest.map((line) => `${" ".repeat(indent)}${line}`)].map((line, index) =>
        inColor(shortenTo(line, width), finding.status, index, colors),
      );
    })
    .join("\n");
}

/** What is in order needs no colour but for its word. */
function inColor(line: string, status: FindingStatus, index: number, colors: Colors): string {
  if (status === "failed") return colors.red(line);
  if (status === "warning") return colors.yellow(line);
  const word = WORDS.ok;
  return index === 0 ? `${colors.green(word)}${line.slice(word.length)}` : line;
}

/** How it is all in all, one line. */
export function findingsVerdict(findings: readonly Finding[]): string {
  const failed = findings.filter(({ status }) => status === "failed").length;
  const warnings = findings.filter(({ status }) => status === "warning").length;
  const warned = warnings > 0 ? plural(warnings, "warning") : "";
  if (failed > 0) return `${[`${plural(failed, "check")} failed`, warned].filter(Boolean).join(", ")}.`;
  return warned === "" ? "All is in order." : `Nothing failed, ${warned}.`;
}
