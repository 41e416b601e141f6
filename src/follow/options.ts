import type { DestinationReport } from "../deliver/delivery-report.js";
import type { TraceExporter } from "../export/trace-exporter.js";
import type { StorePaths } from "../files/store-paths.js";
import type { Masking } from "../masking/mask.js";
import type { StreamTrouble } from "../opencode/server.js";
import type { LoopTrace } from "../trace/model.js";

/** How turns are followed that another program runs. */
export interface FollowOptions {
  /** Ends it; what is over by then is still sent, and what earlier deliveries left. */
  readonly signal: AbortSignal;
  /** Sends the traces; by default nothing is sent. */
  readonly exporter?: TraceExporter | undefined;
  /** Where the sessions are stored; default the user's data folder. */
  readonly store?: StorePaths | undefined;
  /**
   * What is masked in what is stored and traced; by default tokens of well-known shapes and the values of those
   * environment variables that are called like secrets.
   */
  readonly masking?: Masking | undefined;
  /** Told of each turn when it is over. `stored`: whether its session could be stored. */
  readonly onTurn?: ((trace: LoopTrace, stored: boolean) => void) | undefined;
  /** Told what became of spans that were sent. */
  readonly onDelivery?: ((reports: readonly DestinationReport[]) => void) | undefined;
  /** Told what a person should know, such as an unknown version of opencode. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** Which server is followed, and how. */
export interface FollowServerOptions extends FollowOptions {
  /** Such as `http://127.0.0.1:4096`. */
  readonly url: string;
  /** The server's own, where it was started with a password. */
  readonly username?: string | undefined;
  /** The server's password, where it was started with one. */
  readonly password?: string | undefined;
  /** Only the sessions of this project's directory. */
  readonly directory?: string | undefined;
  /** Only this session. */
  readonly session?: string | undefined;
  /** Whether what is closed of a turn is sent while the turn is at work; default true. */
  readonly live?: boolean | undefined;
  /** Told when the server's events come: `first` the first time, and again after the stream had broken. */
  readonly onConnected?: ((first: boolean) => void) | undefined;
  /** Told when the server's events do not come. They are asked for again until `signal` ends it. */
  readonly onTrouble?: ((trouble: StreamTrouble) => void) | undefined;
}

/** Which turns of opencode's own store are followed. */
export interface FollowStoreOptions extends FollowOptions {
  /** Path of the opencode that reads the store; else it is looked for. */
  readonly opencode?: string | undefined;
  /** Only the sessions of this project's directory, by its real path. */
  readonly directory?: string | undefined;
  /** Turns that ended before are left alone, ms since the epoch; default now. */
  readonly since?: number | undefined;
  /** What opencode's environment is made from; default this process' own. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Called when turns are seen from now on. */
  readonly onReady?: (() => void) | undefined;
}
