import type { Advice, AdviceItem } from "../analysis/findings/advice.js";
import type { Dearest } from "../analysis/findings/dearest.js";
import { priceText, sessionsText, shareText } from "../analysis/findings/finding-texts.js";
import { count, plural } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { wrapped } from "../text/wrap-text.js";
import { inColors, worded } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";

const INDENT = "   ";
const ARROW = "→ ";

/** What could have been spared, the dearest first, each with what shows it and what to do. No line is too wide. */
export function paintAdvice(advice: Advice, { width, colors }: PaintOptions): string {
  const { findings, sessions, calls } = advice;
  const of = `${plural(calls, "call")}${sessions > 1 ? ` in ${plural(sessions, "session")}` : ""}`;
  const head =
    findings.length === 0
      ? `No finding: nothing in ${of} stands out.`
      : `${plural(findings.length, "finding")} in ${of}, the dearest first`;
  const notes = inColors(notesOf(advice), width, colors);
  return [
    colors.bold(shortenTo(head, width)),
    ...findings.flatMap((item, index) => ["", ...itemLines(item, index + 1, sessions, { width, colors })]),
    ...(notes.length > 0 ? ["", ...notes] : []),
  ].join("\n");
}

function itemLines(item: AdviceItem, number: number, sessions: number, { width, colors }: PaintOptions): string[] {
  const fits = (text: string, lead: string, indent = " ".repeat(lead.length)): string[] =>
    wrapped(oneLine(text), Math.max(2, width - lead.length)).map((line, at) =>
      shortenTo(`${at === 0 ? lead : indent}${line}`, width),
    );
  const lead = `${String(number).padStart(2)} `;
  const price = priceText(item);
  const facts = [
    price,
    `${shareText(item.share)} of ${sessions > 1 ? "all" : "the session"}`,
    sessionsText(item, sessions),
  ];
  return [
    ...fits(item.title, lead).map((line) => colors.bold(line)),
    ...fits(facts.filter(Boolean).join(" · "), INDENT).map((line) => colors.yellow(line)),
    ...item.evidence.flatMap((text) => fits(text, INDENT)),
    ...(sessions > 1 ? fits(`as in ${item.sessionId}`, INDENT).map((line) => colors.dim(line)) : []),
    ...fits(item.advice, `${INDENT}${ARROW}`).map((line) => colors.green(line)),
  ];
}

/** What nothing could be said about. */
function notesOf({ calls, recordedCalls }: Advice) {
  const without = calls - recordedCalls;
  if (without <= 0) return [];
  const which =
    recordedCalls === 0 ? "No request was recorded" : `The requests of ${plural(without, "call")} were not recorded`;
  const what = "tools and instructions that are sent and not needed, and causes of cache breaks, are not known of them";
  return [worded("note", `${which}: ${what}`, "muted")];
}

/** The dearest finding in one sentence. */
export function adviceText({ finding, others }: Dearest): string {
  const price = priceText(finding);
  const more = others > 0 ? `, and ${count(others)} more` : "";
  return `${oneLine(finding.title)}${price === "" ? "" : ` (${price})`}${more}: looptrace advise`;
}

/** That at the end of another command's text; nothing where there is none. @param text as `adviceText` has it */
export function adviceLines(text: string | null, { width, colors }: PaintOptions): string {
  if (text === null) return "";
  return `\n${inColors([worded("advice", text, "muted")], width, colors).join("\n")}\n`;
}
