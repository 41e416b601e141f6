import type { Generation } from "../program/generation.js";
import type { ConfigSpec } from "../program/prepare-config.js";
import type { WireMode } from "../program/wire-recording.js";

/** What a server has to be like for a prompt: it reads its configuration once, when it starts. */
export interface ServerSpec extends ConfigSpec {
  /** Absolute path of opencode. */
  readonly path: string;
  /** Which opencode that is; found out when not given. */
  readonly generation?: Generation | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly projectConfig: boolean;
  /** What is recorded of its requests to models; nothing when not given. */
  readonly wire?: WireMode | undefined;
  /** Whether its requests carry the trace that they belong to. */
  readonly propagates?: boolean | undefined;
  /**
   * How long it may stay without use after the prompt, ms, where the pool leaves servers; 0, and nothing, for one that
   * goes with its pool.
   */
  readonly warmMs?: number | undefined;
}
