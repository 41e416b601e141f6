/** What an attack has come to. */
export interface AttackResult {
  /** What was tried and how it went, each a line for a person. */
  readonly figures: readonly string[];
  /** What did not hold, each a line with all that makes it happen again (its seed, its case). */
  readonly failures: readonly string[];
}

/** A module `test/attack/<name>.ts`: an attack of its own, which `npm run attack` finds by itself. */
export interface Attack {
  /** By what `npm run attack -- <name>` picks it: the file's name without its ending. */
  readonly name: string;
  /**
   * Takes minutes at most, talks to 127.0.0.1 only, and leaves nothing behind. The same each time: chance comes from a
   * fixed seed.
   */
  readonly run: () => Promise<AttackResult>;
}
