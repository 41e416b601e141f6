const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$/;

/**
 * `500ms`, `90s`, `10m`, `2h`, `7d`; the only reading of durations that are written down.
 *
 * @returns milliseconds, undefined when the text is no duration above zero, or has no unit
 */
export function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text.trim());
  const value = Number(match?.[1]);
  const unit = UNITS_MS[match?.[2] ?? ""];
  return match && unit !== undefined && value > 0 ? value * unit : undefined;
}

/**
 * Why a text is none, with what to write, on two lines.
 *
 * @param units those of the example, the likely ones
 */
export function durationProblem(text: string, units: readonly string[] = ["s", "m", "h"]): string {
  const bare = /^\d+(?:\.\d+)?$/.exec(text.trim())?.[0];
  const isAny = bare !== undefined && Number(bare) > 0;
  const amount = isAny ? bare : "10";
  const why = isAny ? "the unit is missing." : bare === undefined ? "this is no duration." : "it has to be above 0.";
  const examples = units.map((unit) => `${amount}${unit}`);
  return `${why}\nSay ${examples.slice(0, -1).join(", ")} or ${examples.at(-1)}; units are ${Object.keys(UNITS_MS).join(", ")}.`;
}

/** Whether a text is a duration of zero, which {@link durationMs} is none: `0`, `0s`. */
export function isNone(text: string): boolean {
  return /^0+\s*(?:ms|s|m|h|d|w)?$/.test(text.trim());
}
