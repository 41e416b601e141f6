import { oneLine } from "../text/terminal-text.js";
import type { ExperimentResult } from "./experiment-result.js";
import {
  changeText,
  intervalText,
  MEASURE_NAMES,
  probability,
  remarksOf,
  signTestText,
  sizeText,
  VERDICT_NAMES,
  valueText,
} from "./experiment-texts.js";

/** The result as Markdown, for a pull request: a table for each arm, and what has to be known of it. */
export function experimentMarkdown(result: ExperimentResult): string {
  const { name, base, effect, seed, warnings } = result;
  const percent = `${Math.round(100 * effect)} %`;
  return [
    `### ${escaped(name)}`,
    "",
    `${sizeText(result)}; a difference of ${percent} is looked for; seed \`${seed.replaceAll("`", "")}\`.`,
    ...result.comparisons.flatMap(({ arm, comparisons }) => [
      "",
      `| ${escaped(arm)} against ${escaped(base)} | ${escaped(base)} | ${escaped(arm)} | change | 95 % interval | sign test | p | verdict |`,
      "| --- | ---: | ---: | ---: | ---: | --- | ---: | --- |",
      ...comparisons.map((one) => {
        const { measure, verdict, p } = one;
        const cells = [
          MEASURE_NAMES[measure],
          valueText(measure, one.base),
          valueText(measure, one.arm),
          changeText(one),
          intervalText(one),
          verdict === "unknown" ? "–" : signTestText(one),
          verdict === "unknown" ? "–" : probability(p),
          verdict === "better" || verdict === "worse" ? `**${VERDICT_NAMES[verdict]}**` : VERDICT_NAMES[verdict],
        ];
        return `| ${cells.join(" | ")} |`;
      }),
      ...lines(remarksOf(comparisons).map(({ of, text }) => `${of.join(", ")}: ${text}`)),
    ]),
    ...lines(warnings.map((text) => `**Note:** ${escaped(text)}`)),
    "",
  ].join("\n");
}

function lines(texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? [] : ["", ...texts.map((text) => `- ${text}`)];
}

/** A name as it stands, whatever Markdown or HTML would make of it. */
function escaped(text: string): string {
  return oneLine(text).replace(/[\\`*_{}[\]<>()#+|~&]/g, (character) => `\\${character}`);
}
