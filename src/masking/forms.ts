/**
 * How a text may stand inside of others: as it is, in JSON down to three levels, with its slashes escaped,
 * percent-encoded in capitals or not, and in base64, alone or as a part of something longer.
 *
 * @returns the longest first, since one may be a part of another
 */
export function textForms(text: string): readonly string[] {
  // A lone surrogate cannot be encoded.
  const percent = encodeURIComponent(text.toWellFormed());
  const once = inJson(text);
  const twice = inJson(once);
  const forms = [
    ...[text, once, twice, inJson(twice)],
    once.replaceAll("/", "\\/"),
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    ...inBase64(text),
  ];
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Fewer characters of base64 stand for several texts. */
const SHORTEST_ENCODED = 12;
const LONGEST_TEXT = 4_000;

/** What base64 makes of a text depends on how many bytes stand before it, but for its first and last characters. */
function inBase64(text: string): readonly string[] {
  if (text.length > LONGEST_TEXT) return [];
  const bytes = Buffer.from(text.toWellFormed());
  const whole = bytes.toString("base64");
  const forms = [whole, whole.replace(/=+$/, "")];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // The last character holds bits of what follows.
    const isOpen = (before + bytes.length) % 3 !== 0;
    forms.push(encoded.slice(before === 0 ? 0 : before + 1, isOpen ? -1 : undefined));
  }
  const both = forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
  return both.filter((form) => form.length >= SHORTEST_ENCODED);
}
