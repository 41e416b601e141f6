/**
 * By what it is noticed that spans which a destination has already would look different if they were sent now. Digests
 * of the sender's choice: they are compared, never interpreted.
 */
export interface Edition {
  /** Of what stands on every span of a request; 8 hex digits. */
  readonly shared: string;
  /** Of what the last span of the request tells; 8 hex digits, undefined where that is not to be compared. */
  readonly last: string | undefined;
}

/** What is remembered of one span that was acknowledged. */
export interface SpanEdition {
  readonly shared: string;
  readonly own: string | undefined;
}

const PATTERN = /^([0-9a-f]{8})(?:-([0-9a-f]{8}))?$/;

/** As it stands in a file's name. */
export function editionText({ shared, last }: Edition): string {
  return last === undefined ? shared : `${shared}-${last}`;
}

/** @returns undefined where the text is none that `editionText` gives */
export function parseEdition(text: string | undefined): Edition | undefined {
  const [, shared, last] = PATTERN.exec(text ?? "") ?? [];
  return shared === undefined ? undefined : { shared, last };
}
