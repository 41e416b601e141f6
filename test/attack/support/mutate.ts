import type { Random } from "../../bench/random.js";

/** What stands in the place of a value. */
const ODD: readonly [unknown, ...unknown[]] = [
  null,
  "",
  0,
  -1,
  1e21,
  -1e300,
  0.1,
  Number.MAX_SAFE_INTEGER,
  true,
  [],
  {},
  [[]],
  "__proto__",
  "constructor",
  "\u0000\u001b[2J",
  "\ud800",
  "x".repeat(10_000),
  { toString: null },
  [null],
];

/** How often at most one value is changed. */
const MOST_CHANGES = 4;

/**
 * A copy of a JSON value in which a few places differ: a value is another one, is gone, stands there twice, has changed
 * its place with its neighbour, is nested deeply, or came from elsewhere in it.
 */
export function mutateJson(value: unknown, random: Random): unknown {
  const copy: { root: unknown } = { root: structuredClone(value) };
  const changes = random.whole(1, MOST_CHANGES);
  for (let change = 0; change < changes; change += 1) {
    const places = placesIn(copy);
    const place = places[random.whole(0, places.length - 1)];
    const other = places[random.whole(0, places.length - 1)];
    if (place && other) changeAt(place, other, random);
  }
  return copy.root ?? null;
}

interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string;
}

function placesIn(root: Record<string, unknown>): readonly Place[] {
  const places: Place[] = [];
  const stack: (Record<string, unknown> | unknown[])[] = [root];
  for (let holder = stack.pop(); holder !== undefined; holder = stack.pop()) {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      const inner = read(holder, key);
      if (isHolder(inner)) stack.push(inner);
    }
  }
  return places;
}

function changeAt({ holder, key }: Place, other: Place, random: Random): void {
  const value = read(holder, key);
  switch (random.whole(0, 8)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      return;
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(value));
      else put(holder, `${key}2`, value);
      return;
    case 2:
      if (Array.isArray(holder)) holder.reverse();
      else put(holder, key, [value]);
      return;
    case 3:
      put(holder, key, structuredClone(read(other.holder, other.key)));
      return;
    case 4:
      put(holder, key, deep(value, random.whole(2, 2_000)));
      return;
    case 5:
      if (typeof value === "number") put(holder, key, value * random.pick([-1, 0, 1e-3, 1e3, 1e9]));
      else if (typeof value === "string") put(holder, key, mutateBytes(value, random));
      else put(holder, key, structuredClone(random.pick(ODD)));
      return;
    default:
      put(holder, key, structuredClone(random.pick(ODD)));
  }
}

function deep(value: unknown, levels: number): unknown {
  let nested = value;
  for (let level = 0; level < levels; level += 1) nested = level % 2 === 0 ? [nested] : { inner: nested };
  return nested;
}

/** A text from which something is cut, in which something is doubled or that has other characters in it. */
export function mutateBytes(text: string, random: Random): string {
  const at = random.whole(0, text.length);
  const length = random.logarithmic(1, Math.max(2, text.length));
  switch (random.whole(0, 4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at + length) + text.slice(at);
    case 3:
      return `${text.slice(0, at)}${random.pick(["\u0000", '"', "{", "]", "\\", "\ufeff", "9", "-"])}${text.slice(at + 1)}`;
    default:
      return `${random.pick(["\ufeff", "\u001b[?25l", "Exporting session: ses_1\n", "[".repeat(100_000)])}${text}`;
  }
}

function read(holder: Record<string, unknown> | unknown[], key: string): unknown {
  return Array.isArray(holder) ? holder[Number(key)] : holder[key];
}

/** As JSON.parse does: `__proto__` is a name like any other. */
function put(holder: Record<string, unknown> | unknown[], key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

function isHolder(value: unknown): value is Record<string, unknown> | unknown[] {
  return typeof value === "object" && value !== null;
}
