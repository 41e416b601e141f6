/**
 * Lets something small of a class of work outlive it. With the last object of a class the engine throws away the code
 * that it has compiled for that: a process that traces one session after the other, with nothing left of each, began
 * anew after each full collection of garbage.
 *
 * Of the first nothing is made: many processes trace only one. Later it is done whenever there have been twice as many:
 * by then the engine may know better what stands in which field.
 *
 * @returns a function that is told of each, with what makes the small one
 */
export function shapeKeeper(): (make: () => unknown) => void {
  let seen = 0;
  // Nothing reads it.
  const lasting: unknown[] = [];
  return (make) => {
    seen += 1;
    if (seen > 1 && (seen & (seen - 1)) === 0) lasting[0] = make();
  };
}
