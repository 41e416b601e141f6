import { attempt } from "../errors/thrown.js";

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
    // What cannot be made, of rows that are nested too deep say, is no reason not to trace.
    if (seen > 1 && (seen & (seen - 1)) === 0) lasting[0] = attempt(make);
  };
}

/** So many messages have all kinds of rows that a usual session has. */
const FEW = 16;
/** So much may stay in memory, UTF-16 units of JSON. */
const LITTLE = 128 * 1024;

/** The first messages of a session, so far as they are little. */
export function littleOf<Message>(messages: readonly Message[]): readonly Message[] {
  const few: Message[] = [];
  let size = 0;
  for (const message of messages.slice(0, FEW)) {
    size += JSON.stringify(message).length;
    if (size > LITTLE) break;
    few.push(message);
  }
  return few;
}
