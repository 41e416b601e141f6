import { spreads } from "./secret-values.js";

/** A place in a text where something secret stands. */
export interface SecretMatch {
  readonly from: number;
  readonly to: number;
  /** What it is, for the marker in its place. Never a part of it. */
  readonly label: string;
  /** Where that begins which makes a secret of it, such as `password=`: at `from` or before. */
  readonly contextFrom: number;
  /** Whether the secret tells itself: then it is masked wherever it stands, else only together with its context. */
  readonly spreads: boolean;
}

/**
 * The match of a value at a place.
 *
 * @param contextFrom where that begins which makes a secret of it; by default it does so itself
 * @param alone whether it is masked wherever it stands
 */
export function matchOf(
  from: number,
  value: string,
  label: string,
  contextFrom = from,
  alone = spreads(value),
): SecretMatch {
  return { from, to: from + value.length, label, contextFrom, spreads: alone };
}
