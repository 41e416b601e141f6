import type { LoadOptions } from "../sessions/load-options.js";
import type { LoadedSession } from "../sessions/loaded-session.js";
import type { SourceFlags } from "./sources.js";

/** How a command is told where traces come from. */
export interface FromFlags extends SourceFlags {
  readonly from?: "langfuse";
  readonly tag?: readonly string[];
  readonly environment?: string;
  readonly fresh?: boolean;
}

/** How the sources are read. */
export interface EachTraceOptions {
  /** Told of a source that cannot be had, which is then left out; without it the first one ends it all. */
  readonly onUnreadable?: (error: unknown, source: string) => void;
  /** Asked before anything is read, where opencode's sessions are meant; none is when it has done all that is wanted. */
  readonly instead?: (sources: readonly string[], load: LoadOptions) => Promise<boolean>;
  /** Told of each session that was read, before its traces. */
  readonly onSession?: (session: LoadedSession) => void;
}
