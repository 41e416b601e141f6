import type { Fields } from "../../src/text/json-fields.js";

/** A row with another value in one of its places, or in a new field there. */
export function changedRow(
  row: Fields,
  { at, value, isNew }: { readonly at: number; readonly value: unknown; readonly isNew: boolean },
  key: string,
): Fields {
  const copy = structuredClone(row);
  const holders = objectsIn(copy);
  const places = holders.flatMap((holder) => Object.keys(holder).map((name) => ({ holder, name })));
  const place = places[at % places.length];
  // JSON has no lists with fields.
  const objects = holders.filter((one) => !Array.isArray(one));
  const holder = isNew ? objects[at % objects.length] : place?.holder;
  const name = isNew ? key : (place?.name ?? key);
  if (holder) Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

function objectsIn(value: unknown): readonly object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}
