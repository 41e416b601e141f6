/** What is made when it is asked for first, and is the same from then on. What it was made of is kept no longer. */
export function once<T>(make: () => T): () => T {
  let state: { readonly make: () => T } | { readonly value: T } = { make };
  return () => {
    if ("make" in state) state = { value: state.make() };
    return state.value;
  };
}

/** A copy of plain data with a field that is made when it is read: whoever copies, compares or writes it reads it. */
export function withLazy<T extends object, K extends keyof T>(data: T, key: K, make: () => T[K]): T {
  return Object.defineProperty({ ...data }, key, { get: once(make), enumerable: true, configurable: true });
}
