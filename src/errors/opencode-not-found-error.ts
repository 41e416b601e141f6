/** How to come by an opencode. */
export const OPENCODE_ADVICE =
  "Install it with `npm install -g opencode-ai` (opencode 2 with `npm install -g @opencode/cli`), or name one with --opencode <path> or LOOPTRACE_OPENCODE.";

/** What is wrong where none is found anywhere. */
export const NO_OPENCODE = "opencode was not found.";

/** There is no opencode that could be started. The message says how to install it, and where it was looked for. */
export class OpenCodeNotFoundError extends Error {
  /** The class, as it stands in JSON. */
  override readonly name = "OpenCodeNotFoundError";
  /** Tells it from errors of turns. */
  readonly code = "opencode_not_found";
  constructor(
    /** What is wrong, as the message begins. */
    readonly problem: string,
    /** The places that were looked at, in order, each with what was found there. */
    readonly looked: readonly string[],
    options?: ErrorOptions,
  ) {
    const places = looked.map((place) => `\n  - ${place}`).join("");
    // Of one that was named, or is there, the place is what is wrong; of many places what to do comes first.
    const isAt = problem.endsWith(":");
    super(
      isAt ? `${problem}${places}\n${OPENCODE_ADVICE}` : `${problem}\n${OPENCODE_ADVICE}\nLooked at:${places}`,
      options,
    );
  }
}
