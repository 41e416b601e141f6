import type { PhaseEvidence, PhaseKind, Timing } from "../opencode/model.js";

/** `opencode.<kind>`: a stretch of time in which opencode itself was at work, and no model, tool, wait or retry was. */
export interface OwnPhase {
  /** 16 hex digits, derived from opencode's ids, the kind and the start. */
  readonly spanId: string;
  /** What opencode was at. */
  readonly kind: PhaseKind;
  /** ms since the epoch. */
  readonly start: number;
  /** ms since the epoch. */
  readonly end: number;
  /** How well the times are known. */
  readonly timing: Timing;
  /** What tells of it. */
  readonly evidence: PhaseEvidence;
}

/**
 * An account's `other` by what opencode was at, in ms; kinds that took none are left out. With `other`, of which nothing
 * tells what it was, it adds up to the account's `other`, exactly.
 */
export type OwnTime = Readonly<Partial<Record<PhaseKind, number>>> & { readonly other: number };
