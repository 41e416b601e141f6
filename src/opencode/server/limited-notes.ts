const MOST_NOTES = 50;

/** Tells so many notes, and once that there are more. */
export function limitedNotes(onNote: ((note: string) => void) | undefined): (text: string) => void {
  let notes = 0;
  return (text) => {
    notes += 1;
    if (notes <= MOST_NOTES) onNote?.(text);
    if (notes === MOST_NOTES) onNote?.("What else goes wrong with this server's sessions is not told any more.");
  };
}
