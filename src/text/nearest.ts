import leven from "leven";

/** Up to so many letters may be wrong for a name to be taken for a misspelt one. */
const MOST_WRONG = 3;

/**
 * Which of the known names a misspelt one was meant to be.
 *
 * @param aliases what others call it, in small letters, to the known name
 * @returns undefined when it resembles none
 */
export function nearest(
  name: string,
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): string | undefined {
  const alias = aliases[name.toLowerCase()];
  if (alias !== undefined && known.includes(alias)) return alias;
  const most = Math.min(MOST_WRONG, Math.floor(name.length / 2));
  const ranked = known
    .map((one) => ({ one, wrong: leven(name.toLowerCase(), one.toLowerCase(), { maxDistance: most + 1 }) }))
    .sort((a, b) => a.wrong - b.wrong);
  const [best] = ranked;
  return best !== undefined && best.wrong <= most ? best.one : undefined;
}
