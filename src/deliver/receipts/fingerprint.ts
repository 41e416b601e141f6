/**
 * By what a trace that is sent again is found to look different from what its destination has: 8 hex digits of the
 * settings that stand on every span, and, for a request whose last span is the root, `-` and 8 of how far the turn had
 * come. Compared, never interpreted.
 */
export type Fingerprint = string;

/** As it stands in the names of queued requests. */
export const FINGERPRINT = /^[0-9a-f]{8}(?:-[0-9a-f]{8})?$/;

/** What of a fingerprint holds for every span. */
export function settingsOf(fingerprint: Fingerprint): Fingerprint {
  return fingerprint.slice(0, 8);
}

/** What differs between how spans were sent and how they would look now. */
export function differences(
  sent: Fingerprint,
  now: Fingerprint,
): { readonly settings: boolean; readonly progress: boolean } {
  const [before, after] = [sent.slice(9), now.slice(9)];
  return {
    settings: settingsOf(sent) !== settingsOf(now),
    progress: before !== "" && after !== "" && before !== after,
  };
}
