/**
 * Reads many things, several at a time, and gives them out in their order. So many are read or wait to be taken at most:
 * who takes them slowly is not overrun.
 *
 * @param ahead at least 1; with 1 the next one is begun when the last one was taken
 * @param read what fails ends it all, when it is its turn
 */
export async function* readAhead<Item, Read>(
  items: Iterable<Item>,
  ahead: number,
  read: (item: Item) => Promise<Read>,
): AsyncGenerator<Read, void, undefined> {
  const reading: Promise<Read>[] = [];
  const rest = items[Symbol.iterator]();
  const begin = (): void => {
    const next = rest.next();
    if (next.done === true) return;
    const one = read(next.value);
    // It is told when it is its turn.
    one.catch(() => undefined);
    reading.push(one);
  };
  try {
    while (reading.length < ahead) {
      const before = reading.length;
      begin();
      if (reading.length === before) break;
    }
    for (let one = reading[0]; one !== undefined; one = reading[0]) {
      const done = await one;
      reading.shift();
      yield done;
      begin();
    }
  } finally {
    // Nothing is left at work behind.
    await Promise.allSettled(reading);
  }
}
