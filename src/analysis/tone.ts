/**
 * How a row is to be noticed. `failed`: the turn ended in it; `warning`: something failed and the session went on;
 * `alarm`: the session went round in circles, which no single row shows.
 */
export type Tone = "plain" | "failed" | "warning" | "alarm" | "muted";
