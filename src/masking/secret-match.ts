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
