/** Two sessions side by side, as the page shows them. */
export interface ComparisonData {
  readonly a: ComparedSession;
  readonly b: ComparedSession;
  /** Turn by turn; where there are several, the sums last. */
  readonly parts: readonly ComparedPart[];
}

export interface ComparedSession {
  readonly id: string;
  readonly title: string;
  /** What else is known of it, in words. */
  readonly about: string;
}

/** A turn, or all of them. */
export interface ComparedPart {
  readonly title: string;
  /** How each side ended and by which model; empty for a side that is not there. */
  readonly facts: readonly {
    readonly label: string;
    readonly a: string;
    readonly b: string;
    readonly isBad: boolean;
  }[];
  /** Where they part; null where they do not, and for sums. */
  readonly parting: { readonly where: string; readonly a: string; readonly b: string } | null;
  /** Whether both sides did the same. */
  readonly isSame: boolean;
  readonly notes: readonly string[];
  readonly rows: readonly ComparedRow[];
}

export interface ComparedRow {
  readonly label: string;
  readonly a: string;
  readonly b: string;
  /** `=` where there is none. */
  readonly difference: string;
  readonly percent: string;
  /** Part of the figure above it. */
  readonly minor: boolean;
  /** Whether b is more than a; null where they are the same, or one is not known. */
  readonly isMore: boolean | null;
}
