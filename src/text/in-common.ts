/** What two texts have in common at their ends. Whole blocks are compared a hundred times faster than units. */

const BLOCKS = [65_536, 1_024] as const;

/** How many UTF-16 units they have in common at their beginnings, at most so many. */
export function commonStart(a: string, b: string, most: number = Math.min(a.length, b.length)): number {
  let alike = 0;
  for (const block of BLOCKS)
    while (alike + block <= most && a.slice(alike, alike + block) === b.slice(alike, alike + block)) alike += block;
  while (alike < most && a.charCodeAt(alike) === b.charCodeAt(alike)) alike += 1;
  return alike;
}

/** The same of their ends. */
export function commonEnd(a: string, b: string, most: number = Math.min(a.length, b.length)): number {
  const [endA, endB] = [a.length, b.length];
  let alike = 0;
  for (const block of BLOCKS)
    while (
      alike + block <= most &&
      a.slice(endA - alike - block, endA - alike) === b.slice(endB - alike - block, endB - alike)
    )
      alike += block;
  while (alike < most && a.charCodeAt(endA - 1 - alike) === b.charCodeAt(endB - 1 - alike)) alike += 1;
  return alike;
}
