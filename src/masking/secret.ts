/** Something that must not be kept or sent. */
export interface Secret {
  readonly text: string;
  /** What it is, for the marker in its place: the name of a variable or of a rule. Never a part of it. */
  readonly label: string;
}
