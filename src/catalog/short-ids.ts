/** Of opencode's ids the first 9 digits are a time to the millisecond: so few tell most sessions apart. */
const SHORTEST = 8;
const PREFIX = "ses_";

/**
 * The beginnings of sessions' ids that tell them apart, without `ses_`.
 *
 * @param ids all that there are
 * @returns asks for one of them
 */
export function shortIds(ids: Iterable<string>): (id: string) => string {
  const names = [...ids].map(bare).sort();
  const shortest = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const shared = Math.max(inCommon(name, names[index - 1] ?? ""), inCommon(name, names[index + 1] ?? ""));
    shortest.set(name, name.slice(0, Math.max(SHORTEST, shared + 1)));
  }
  return (id) => shortest.get(bare(id)) ?? bare(id);
}

function bare(id: string): string {
  return id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id;
}

function inCommon(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
