import type { StorePaths } from "../files/store-paths.js";
import type { Masking } from "../masking/mask.js";
import type { UserPrices } from "../opencode/model.js";
import { configuredServers } from "../opencode/program.js";
import type { FoundSession } from "./loaded-session.js";

/** Where sessions come from, and what is masked in them. */
export interface LoadOptions {
  /** Path of the opencode to ask; else it is looked for. */
  readonly opencode?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start, and which project's sessions are meant. */
  readonly directory: string;
  readonly paths: StorePaths;
  /** `kept`: what looptrace has stored is as good as opencode's own; `opencode`: it is asked first. */
  readonly prefer: "kept" | "opencode";
  /** What is masked in all that is loaded, and in what is stored of it. */
  readonly masking?: Masking | undefined;
  /** What models cost by the user's own word, for those who trace what is loaded (`withUserPrices`). */
  readonly prices?: UserPrices | undefined;
  /** Reads standard input to its end, for the source `-`. */
  readonly readStdin: () => Promise<string>;
  /** Whether a note tells of what is shown as it was kept, where opencode may have more; default true. */
  readonly tellKept?: boolean | undefined;
  /** Told how much of a large file was read, in bytes; `done` is `bytes` when all of it was. */
  readonly onLarge?: ((progress: { readonly done: number; readonly bytes: number }) => void) | undefined;
  /** From which size on a file is large, for tests; default 64 MB. @internal */
  readonly largeBytes?: number | undefined;
  /** Told of the sessions that opencode has listed: the moments are ms since the epoch. */
  readonly onListed?: ((sessions: readonly { readonly id: string; readonly updated: number }[]) => void) | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
  /**
   * Once it is aborted no further session that is asked for by id is begun. Those that are being loaded come to their end,
   * or are broken off, which is told by none of them.
   */
  readonly signal?: AbortSignal | undefined;
  /** Told of a file or session that cannot be had, which is then left out; without it the first one ends it all. */
  readonly onUnreadable?: ((error: unknown, source: string) => void) | undefined;
}

/** What is masked in what is loaded. */
export function maskingOf({ masking, environment }: LoadOptions): Masking {
  return masking === false ? false : { environment, ...masking };
}

/** Where nothing is known of the MCP servers, those count that the session's directory is configured with now. */
export async function withServers<Found extends FoundSession>(
  found: Found,
  { environment }: Pick<LoadOptions, "environment">,
): Promise<Found> {
  const [root] = found.sessions;
  if (found.mcpServers || !root) return found;
  const { directory } = root.info;
  return { ...found, mcpServers: await configuredServers({ directory, environment, projectConfig: true }) };
}
