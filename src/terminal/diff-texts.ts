import { type FigureUnit, figureText } from "../analysis/figures.js";
import type { Divergence } from "../analysis/first-divergence.js";
import type { TurnSummary } from "../analysis/session-diff.js";
import { partTexts } from "../analysis/time-parts.js";
import type { Comparison, Figure, FigureName } from "../analysis/turn-figures.js";
import { costDecimals, count } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";

/** What figures are called in a table; parts of another figure stand below it, indented. */
export const FIGURE_LABELS: Readonly<Record<FigureName, string>> = {
  steps: "steps",
  calls: "calls",
  retries: "retries",
  tools: "tools",
  toolFailures: "  failed",
  tokens: "tokens",
  input: "  input",
  cached: "  cached",
  cacheWrite: "  cache write",
  output: "  output",
  reasoning: "  reasoning",
  context: "context at the end",
  cost: "cost",
  duration: "time",
  modelTime: "  model",
  toolTime: "  tools",
  waitingTime: "  permissions",
  retryTime: "  retries",
  opencodeTime: "  opencode",
};

/** A row of figures as it stands in the table. */
export interface FigureTexts {
  readonly a: string;
  readonly b: string;
  /** `=` where there is none. */
  readonly difference: string;
  readonly percent: string;
}

/** What `duration` is made of. */
const TIMES: readonly FigureName[] = ["modelTime", "toolTime", "waitingTime", "retryTime", "opencodeTime"];

/** The figures of two sides as they stand below each other: of each side the parts of its time add up, as in `show`. */
export function textsOfFigures(figures: readonly Figure[]): ReadonlyMap<FigureName, FigureTexts> {
  const [a, b] = [timesOf(figures, "a"), timesOf(figures, "b")];
  return new Map(
    figures.map((figure) => {
      const { name, unit } = figure;
      const texts = figureTexts(figure, unit);
      return [name, { ...texts, a: a.get(name) ?? texts.a, b: b.get(name) ?? texts.b }];
    }),
  );
}

function timesOf(figures: readonly Figure[], side: "a" | "b"): ReadonlyMap<FigureName, string> {
  const msOf = (name: FigureName): number | null => figures.find((one) => one.name === name)?.[side] ?? null;
  const duration = msOf("duration");
  if (duration === null) return new Map();
  const { whole, parts } = partTexts(
    duration,
    TIMES.map((name) => msOf(name) ?? 0),
  );
  return new Map([["duration", whole], ...TIMES.map((name, index) => [name, parts[index] ?? ""] as const)]);
}

export function figureTexts({ a, b, difference, percent }: Comparison, unit: FigureUnit): FigureTexts {
  const amounts = [a, b, difference].flatMap((value) => (value === null ? [] : [Math.abs(value)]));
  const decimals = unit === "usd" ? costDecimals(amounts) : 0;
  const told = (value: number | null): string => (value === null ? "–" : figureText(value, unit, decimals));
  return {
    a: told(a),
    b: told(b),
    difference: difference === null ? "" : difference === 0 ? "=" : `${sign(difference)}${told(Math.abs(difference))}`,
    percent: percent === null || difference === 0 ? "" : percentText(percent),
  };
}

function percentText(percent: number): string {
  const much = Math.abs(percent);
  return `${sign(percent)}${much < 9.95 ? much.toFixed(1) : count(much)}%`;
}

function sign(value: number): string {
  return value < 0 ? "-" : "+";
}

/** How a turn ended: `completed`, else with its error. */
export function outcomeText({ outcome, error }: TurnSummary): string {
  if (!error) return outcome;
  const end = outcome === "failed" ? "" : `${outcome}, `;
  return `${end}${error.code}: ${oneLine(error.message)}`;
}

/** The model that answered, and the agent that it was asked for. */
export function modelText({ model, agent }: TurnSummary): string {
  return oneLine([model ?? "no model", ...(agent === null ? [] : [`agent ${agent}`])].join(" · "));
}

/** Where and how two turns part: a sentence, and what each side did there. */
export function divergenceTexts(divergence: Divergence): Readonly<Record<"where" | "a" | "b", string>> {
  const { within, step, differs, a, b, excerpt } = divergence;
  const inside = within.map((one) => `step ${one.step}, subagent ${oneLine(one.agent ?? "?")}, `).join("");
  const how = {
    "tool-calls": "they call other tools, or with other arguments",
    text: "they write something else",
    steps: `only ${a ? "A" : "B"} has it`,
  };
  const none = { "tool-calls": "called no more tools", text: "wrote nothing", steps: "had ended" };
  const calls = differs === "tool-calls" || (differs === "steps" && ((a ?? b)?.toolCalls.length ?? 0) > 0);
  const did = (text: string | null): string => {
    if (text === null) return none[differs];
    const line = oneLine(text);
    return calls ? `called ${line}` : line === "" ? "wrote nothing" : `wrote “${line}”`;
  };
  return { where: `${inside}step ${step}: ${how[differs]}`, a: did(excerpt.a), b: did(excerpt.b) };
}
