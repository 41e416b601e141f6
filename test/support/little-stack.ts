/** How many arguments a call can be given there, at most. */
export const LITTLE = 12_000;
/** So many calls need little of the stack, and trying takes a while. */
const CALLS_BETWEEN = 50;

/**
 * Does something where little of the stack is left: a call can be given no more than {@link LITTLE} arguments. What
 * spreads a list into a call, or calls itself once for each of many, fails there with a tenth of what it fails with
 * elsewhere, which takes a tenth of the time to make and to look at.
 *
 * @throws whatever `act` throws
 */
export function withLittleStack<Value>(act: () => Value): Value {
  const many = new Array<number>(LITTLE).fill(0);
  const deeper = (calls: number): Value => (calls % CALLS_BETWEEN === 0 && !fits(many) ? act() : deeper(calls + 1));
  return deeper(0);
}

function fits(many: readonly number[]): boolean {
  try {
    Math.max(...many);
    return true;
  } catch (problem) {
    if (problem instanceof RangeError) return false;
    throw problem;
  }
}
