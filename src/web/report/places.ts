/** A row of one of the traces. */
export interface Place {
  readonly trace: number;
  readonly row: number;
}

/**
 * The rows of all traces in one list, so that they can be searched in one go.
 *
 * @param lengths how many rows each trace has
 */
export function placesOf(lengths: readonly number[]): readonly Place[] {
  return lengths.flatMap((length, trace) => Array.from({ length }, (_, row) => ({ trace, row })));
}

/** What was found in the list, trace by trace, as the traces' own rows. */
export function inTraces(
  found: readonly number[],
  places: readonly Place[],
  traces: number,
): readonly (readonly number[])[] {
  const rows: number[][] = Array.from({ length: traces }, () => []);
  for (const index of found) {
    const place = places[index];
    if (place) rows[place.trace]?.push(place.row);
  }
  return rows;
}
