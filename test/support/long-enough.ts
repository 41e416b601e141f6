const FIRST_S = 4;
/** A warm opencode asks the model within one. */
export const WARM_FIRST_S = 2;
const LONGEST_S = 64;

/**
 * Plays something with a deadline that counts from its start on, and that is to come after something else has happened.
 * Where it came too early, as it may on a busy machine, it is played again from the start, with twice the time.
 *
 * @param play gets the deadline, s
 * @param came whether what must come before the deadline did
 * @param first the first deadline, s
 */
export async function longEnough<Played>(
  play: (seconds: number) => Promise<Played>,
  came: (played: Played) => boolean,
  first = FIRST_S,
): Promise<Played> {
  for (let seconds = first; ; seconds *= 2) {
    const played = await play(seconds);
    if (came(played) || seconds >= LONGEST_S) return played;
  }
}
