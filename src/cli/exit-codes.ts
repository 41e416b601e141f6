/** What looptrace's exit codes mean; `--help` and docs/exit-codes.md say the same. */
export const EXIT = {
  /** The turn succeeded and its trace is where it belongs. */
  ok: 0,
  /** The agent's turn failed. */
  turnFailed: 1,
  /** A task of `looptrace batch` failed, or was not started. */
  tasksLeft: 1,
  /** A budget of `looptrace check` does not hold, or is not known to hold. */
  overBudget: 1,
  /** A verdict of `looptrace experiment` is one that it was to fail on, or runs are missing. */
  worse: 1,
  /** A check of `looptrace doctor` failed. */
  unfit: 1,
  /** `looptrace verify`: Langfuse does not have what it should have. */
  unverified: 1,
  /** `looptrace dashboard`: Langfuse refuses a widget, which was left out. */
  incomplete: 1,
  /** Wrong usage, wrong configuration, input that cannot be read, an opencode that cannot be started. */
  usage: 2,
  /**
   * The turn is fine, but its trace could not be delivered now and waits in the outbox, or could not even be
   * kept.
   */
  undelivered: 3,
  /** Interrupted by Ctrl-C or SIGTERM. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
