/**
 * How a text may stand inside of others: as it is, in JSON down to three levels, with its slashes escaped, and
 * percent-encoded in capitals or not.
 *
 * @returns the longest first, since one may be a part of another
 */
export function textForms(text: string): readonly string[] {
  const percent = percentEncoded(text);
  const once = inJson(text);
  const twice = inJson(once);
  const forms = [
    ...[text, once, twice, inJson(twice)],
    once.replaceAll("/", "\\/"),
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ];
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A lone surrogate cannot be encoded. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
