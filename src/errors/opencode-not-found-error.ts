/** How to come by an opencode. */
export const OPENCODE_ADVICE =
  "Install it with `npm install -g @opencode/cli` (or `npm install -g opencode-ai` for 1.x), or name one with --opencode <path> or LOOPTRACE_OPENCODE.";

/** There is no opencode that could be started. The message says where it was looked for and how to install it. */
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
    super(`${problem}${places}\n${OPENCODE_ADVICE}`, options);
  }
}
