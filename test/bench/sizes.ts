/** How much is measured. */
export interface Plan {
  readonly exports: readonly ExportSize[];
  /** Megabytes of export that `looptrace trace` sends. */
  readonly tracedMb: readonly number[];
  readonly tracingRounds: number;
  /** Megabytes of export whose trace is delivered. */
  readonly deliveredMb: number;
  readonly deliveryRounds: number;
  readonly memoryRounds: number;
  readonly startRounds: number;
  /** Sessions of the real opencode, by each driver. */
  readonly sessionRounds: number;
  /** Sessions in a batch. */
  readonly batchTasks: number;
  /** Recorded requests of a session, and how long each is; no JSON, where that is said. */
  readonly recordings: readonly { readonly requests: number; readonly kilobytes: number; readonly isText?: boolean }[];
  readonly recordingRounds: number;
  /** Megabytes of one very large session. */
  readonly largeMb: number;
  /** Sessions that are kept. */
  readonly keptSessions: number;
  readonly keptRounds: number;
  /** Sessions in opencode's own store. */
  readonly manySessions: number;
  readonly growthRounds: number;
  /** Runs of each kind of the real opencode, with and without a server that is there already. */
  readonly warmRounds: number;
  /** Steps of each session that is followed while it is at work: a second or more for each. */
  readonly followedSteps: number;
  readonly followingRounds: number;
}

export interface ExportSize {
  readonly megabytes: number;
  readonly rounds: number;
  readonly warmUp: number;
  /** Of a tool, in characters; else as `syntheticSession` has it. */
  readonly longestOutput?: number;
}

export const FULL: Plan = {
  exports: [
    // A small one runs often before all that it runs is compiled.
    { megabytes: 0.5, rounds: 60, warmUp: 600 },
    { megabytes: 5, rounds: 30, warmUp: 15 },
    { megabytes: 50, rounds: 7, warmUp: 1 },
    // Some 10,000 steps.
    { megabytes: 77, rounds: 7, warmUp: 1, longestOutput: 600 },
  ],
  tracedMb: [4, 50],
  tracingRounds: 5,
  deliveredMb: 5,
  deliveryRounds: 9,
  memoryRounds: 3,
  startRounds: 25,
  sessionRounds: 7,
  batchTasks: 20,
  recordings: [
    { requests: 200, kilobytes: 300 },
    { requests: 200, kilobytes: 300, isText: true },
    { requests: 500, kilobytes: 1_000 },
  ],
  recordingRounds: 3,
  largeMb: 500,
  keptSessions: 10_000,
  keptRounds: 7,
  manySessions: 2_000,
  growthRounds: 7,
  warmRounds: 15,
  followedSteps: 20,
  followingRounds: 3,
};

/** Shows that the benchmark works; its figures say little. */
export const QUICK: Plan = {
  exports: [{ megabytes: 0.2, rounds: 3, warmUp: 1 }],
  tracedMb: [0.2],
  tracingRounds: 1,
  deliveredMb: 0.2,
  deliveryRounds: 1,
  memoryRounds: 1,
  startRounds: 3,
  sessionRounds: 1,
  batchTasks: 2,
  recordings: [{ requests: 3, kilobytes: 30 }],
  recordingRounds: 1,
  largeMb: 2,
  keptSessions: 20,
  keptRounds: 1,
  manySessions: 12,
  growthRounds: 1,
  warmRounds: 1,
  followedSteps: 3,
  followingRounds: 1,
};
