/**
 * Makes what does work with the same key one after the other, in the order in which it was asked for; work
 * without a key does not wait.
 */
export function oneAfterAnother(): <T>(key: string | undefined, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    if (key === undefined) return work();
    const mine = (last.get(key) ?? Promise.resolve()).then(work);
    // Its failure is its caller's, not the next one's.
    const over = mine
      .catch(() => undefined)
      .then(() => {
        if (last.get(key) === over) last.delete(key);
      });
    last.set(key, over);
    return mine;
  };
}
