import type { ExportResult } from "../cli/export-session.js";
import type { SessionTree } from "../schema/exported-session.js";
import type { CatchUpOptions } from "./catch-up.js";
import type { EventEvidence } from "./event-evidence.js";
import type { StreamTrouble } from "./event-stream.js";

/** How long the events of a server that is only followed may wait to be read together, ms. */
export const FOLLOW_PACE_MS = 250;

export interface FollowServerHooks extends CatchUpOptions {
  /**
   * A session has come to rest, perhaps while there was no connection. It is mirrored until this is done; the events
   * that come meanwhile wait.
   */
  readonly onIdle: (rootId: string) => Promise<void>;
  readonly onConnected?: ((first: boolean) => void) | undefined;
  readonly onTrouble?: ((trouble: StreamTrouble) => void) | undefined;
}

/** The sessions at work on a server of either generation; each is named by its root's id. */
export interface FollowedServer {
  readonly evidence: () => EventEvidence;
  /** The ids of the sessions that are mirrored, without subagents'. */
  readonly roots: () => readonly string[];
  readonly isAtWork: (rootId: string) => boolean;
  /** The ids of the session and of its subagents'. */
  readonly family: (rootId: string) => readonly string[];
  /** Undefined where it is not mirrored, or does not say one. */
  readonly directoryOf: (rootId: string) => string | undefined;
  /** As the events have told it; undefined where it is not mirrored, or cannot be read. */
  readonly tree: (rootId: string) => SessionTree | undefined;
  /** The same as opencode would write it, by session id; the root first. */
  readonly raw: (rootId: string) => ReadonlyMap<string, string>;
  /** As the server gives it. @throws {ServerRequestError} and others, when it cannot be had */
  readonly read: (rootId: string, signal: AbortSignal) => Promise<Pick<ExportResult, "tree" | "raw">>;
  /** The names of the MCP servers that opencode has in a directory; undefined where the server does not say. */
  readonly mcpServers: (directory: string | undefined, signal: AbortSignal) => Promise<readonly string[] | undefined>;
  /** What is at work, for a person. */
  readonly working: () => readonly WorkingSession[];
  /** Settles when the signal is aborted and all is closed. */
  readonly ended: Promise<void>;
}

/** What a session is at. */
export interface WorkingSession {
  readonly id: string;
  readonly title: string | undefined;
  readonly isSubagent: boolean;
  /** From 0, in its turn. */
  readonly step: number;
  /** A request has failed; `next`: when it is made again, ms since the epoch. */
  readonly retry: { readonly message: string; readonly next: number } | undefined;
  /** The names of those that run, the oldest first. */
  readonly tools: readonly string[];
  /** Whether the model has begun to answer. */
  readonly isAnswering: boolean;
}
