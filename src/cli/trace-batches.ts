import { type DestinationReport, isUnsaved, isWaiting } from "../deliver/delivery-report.js";
import { mergeReports, withoutPending } from "../export/merge-reports.js";
import type { Clock } from "../files/clock.js";
import type { LoopTrace } from "../trace/model.js";

/** A session on its way to where its traces belong. */
export interface TracedSession {
  readonly id: string;
  readonly traces: readonly LoopTrace[];
  /** How many messages it has: about what it takes of the memory. */
  readonly weight: number;
}

export interface TraceBatchesOptions<Session extends TracedSession> {
  readonly deliver: (traces: readonly LoopTrace[]) => Promise<readonly DestinationReport[]>;
  /** Told of sessions when their delivery was tried, in their order. */
  readonly onDelivered: (sessions: readonly Session[], reports: readonly DestinationReport[]) => Promise<void>;
  /** Tries to send what waits in the outbox. @returns what became of it */
  readonly push: () => Promise<readonly DestinationReport[]>;
  /** Told what became of what has waited, in all attempts since it did, when nothing waits any more. */
  readonly onPushed: (reports: readonly DestinationReport[]) => void;
  /** Told once when a destination has taken nothing for long: nothing more is to be read. */
  readonly onGivenUp: (report: DestinationReport) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A batch has its receipts synced, and the outbox looked through, once. */
const MOST_SESSIONS = 16;
const MOST_WEIGHT = 400;
/** So many sessions may wait in the outbox for a destination that takes nothing; then reading waits as well. */
const MOST_WAITING = 200;
/** For so long, ms; pauses double between these. */
const PATIENCE_MS = 120_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Delivers the traces of many sessions in batches. While one is on its way the next is gathered, and no more: whoever
 * reads waits for the delivery. Where a destination takes nothing, the outbox does not grow for ever: reading waits, and
 * ends.
 */
export class TraceBatches<Session extends TracedSession> {
  readonly #options: TraceBatchesOptions<Session>;
  #batch: Session[] = [];
  #weight = 0;
  #underWay: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** What was told of what waits, while some of it still did. */
  #pushed: readonly DestinationReport[] = [];
  #isGivenUp = false;

  constructor(options: TraceBatchesOptions<Session>) {
    this.#options = options;
  }

  /** Takes one more; waits where the delivery does not keep up. */
  async add(session: Session): Promise<void> {
    this.#batch.push(session);
    this.#weight += session.weight;
    if (this.#batch.length < MOST_SESSIONS && this.#weight < MOST_WEIGHT) return;
    await this.#send();
    if (this.#waiting > MOST_WAITING) await this.#catchUp();
  }

  /** Delivers what is left. */
  async end(): Promise<void> {
    await this.#send();
    await this.#underWay;
  }

  async #send(): Promise<void> {
    await this.#underWay;
    const batch = this.#batch;
    this.#batch = [];
    this.#weight = 0;
    if (batch.length > 0) this.#underWay = this.#deliver(batch);
    // It is told to whoever waits for it next.
    this.#underWay.catch(() => undefined);
  }

  async #deliver(batch: readonly Session[]): Promise<void> {
    const { deliver, onDelivered } = this.#options;
    const reports = await deliver(batch.flatMap(({ traces }) => traces));
    if (reports.some(isWaiting)) this.#waiting += batch.length;
    // What could not even be stored would be lost, one after the other.
    if (reports.some(isUnsaved)) this.#waiting = Number.POSITIVE_INFINITY;
    await onDelivered(batch, reports);
  }

  async #catchUp(): Promise<void> {
    const { push, onPushed, onGivenUp, clock, signal } = this.#options;
    await this.#underWay;
    const giveUpAt = clock.now() + PATIENCE_MS;
    for (let pauseMs = FIRST_PAUSE_MS; !this.#isGivenUp && !signal.aborted; ) {
      const reports = await push();
      const waiting = reports.find(isWaiting);
      // What was refused before the rest was taken is told by no later attempt.
      this.#pushed = mergeReports(this.#pushed.map(withoutPending), reports);
      if (!waiting) {
        this.#waiting = 0;
        onPushed(this.#pushed);
        this.#pushed = [];
        return;
      }
      if (clock.now() >= giveUpAt) {
        this.#isGivenUp = true;
        onGivenUp(waiting);
        return;
      }
      await clock.sleep(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }
}
