const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * `500ms`, `90s`, `10m`, `2h`, `7d`; a bare number is seconds.
 *
 * @returns milliseconds, undefined when the text is no duration above zero
 */
export function durationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?$/.exec(text.trim());
  const value = Number(match?.[1]);
  const unit = UNITS_MS[match?.[2] ?? "s"];
  return match && unit !== undefined && value > 0 ? value * unit : undefined;
}
