import type { Interval } from "../model/values.js";
import type { RunFolder } from "../program/run-folder.js";
import type { WireRecording } from "../program/wire-recording.js";
import type { RunningServer } from "./start-server.js";

/** A server for one prompt, perhaps at the same time as for others. */
export interface ServerLease {
  readonly server: RunningServer;
  /** What marks the server and all that it starts. */
  readonly runId: string;
  /** A folder for opencode's short commands. */
  readonly workFolder: () => Promise<RunFolder>;
  /** The agent to ask for, after the generated configuration had its say. */
  readonly agent: string | undefined;
  /** What is recorded of the server's requests to models, those of all its turns. */
  readonly wire: WireRecording;
  /** When it listened, ms since the epoch, and when it waited until another one had started. */
  readonly listeningAt: number;
  readonly lock: Interval;
  /** Whether other prompts use it too, before, at the same time or afterwards. */
  readonly isShared: boolean;
  /** Whether an earlier run has left it. */
  readonly isFound: boolean;
  /** Why it was started, in words; null where an earlier run has left it. */
  readonly why: string | null;
  /**
   * Notes that it is used in another directory instead, before the prompt. @returns false where it cannot be used there,
   * since another run still works in what that was before
   */
  enter(directory: string): Promise<boolean>;
  /** Notes that a session is about to be prompted on it. */
  begin(sessionId: string): void;
  /**
   * Gives it back. A server without further use is stopped; waiting for that is not needed.
   *
   * @param turn how the turn went
   */
  release(turn: EndOfTurn): void;
}

/** What a turn that has ended means for its server. */
export interface EndOfTurn {
  /**
   * Then what the agent left running is ended with the server; after a normal end it may have been started on purpose.
   */
  readonly wasAborted: boolean;
  /** Whether the server has tool servers for the turn's directory. */
  readonly hasToolServers: boolean;
  /** Whether the server could not be used: then it is of no use to others either. */
  readonly isUnfit: boolean;
}
