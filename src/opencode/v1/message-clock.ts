import { idTime } from "../schema/ids.js";
import type { AssistantInfo } from "../schema/session-export.js";

/** How far an id's time may lie from the message's own times; under load opencode was seen 0.1 s apart. */
const SLACK_MS = 2_000;

/** What the ids and times of one assistant message can be trusted with. */
export interface MessageClock {
  /** ms since the epoch, like all times. */
  readonly created: number;
  /**
   * Before 1.18.26 opencode set a tool's `time.start` anew whenever the tool reported metadata (bash does on every
   * chunk of output, `task` when its subagent exists, and any plugin's tool may), so there it is no more than the
   * latest moment at which the tool can have started, and the part's id, minted when the arguments began, is the better
   * start.
   */
  readonly toolStartIsExact: boolean;
  /**
   * When a part of the message was made, from its id; undefined where the id does not tell.
   *
   * A fork copies messages with their old times under new ids: those tell when the fork was made.
   */
  mintedAt(partId: string): number | undefined;
}

/** @param toolStartIsExact as the function of that name has it of the opencode that wrote the message */
export function messageClock(info: AssistantInfo, toolStartIsExact: boolean): MessageClock {
  return new Clock(info, toolStartIsExact);
}

/** One object for each message, where a function that remembers the same would be three. */
class Clock implements MessageClock {
  readonly created: number;
  readonly toolStartIsExact: boolean;
  readonly #idsTell: boolean;
  /** The latest moment at which its parts can have been made. */
  readonly #until: number;

  constructor({ id, time }: AssistantInfo, toolStartIsExact: boolean) {
    const { created, completed = Number.POSITIVE_INFINITY } = time;
    const own = idTime(id, created);
    this.created = created;
    this.toolStartIsExact = toolStartIsExact;
    this.#idsTell = own !== undefined && Math.abs(own - created) <= SLACK_MS;
    this.#until = completed + SLACK_MS;
  }

  mintedAt(partId: string): number | undefined {
    const { created } = this;
    const minted = this.#idsTell ? idTime(partId, created) : undefined;
    if (minted === undefined || minted < created - SLACK_MS || minted > this.#until) return undefined;
    return Math.max(minted, created);
  }
}

/**
 * Only of a release one knows what is in it: a build of one's own (`local`, `0.0.0-…`) or a preview may be older.
 *
 * @param version of the opencode that wrote a message, as far as that is known
 */
export function toolStartIsExact(version: string): boolean {
  const [, major = 0, minor = 0, patch = 0] = /^v?(\d+)\.(\d+)\.(\d+)$/.exec(version)?.map(Number) ?? [];
  return major > 1 || (major === 1 && (minor > 18 || (minor === 18 && patch >= 26)));
}
