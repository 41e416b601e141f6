import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { CONFIG_FILE } from "../config/config-file-name.js";
import { pathOfOpenCode } from "../opencode/program.js";
import { ServerPool, warmthOf } from "../opencode/server.js";
import { projectAround } from "../trust/project-folders.js";
import type { Terminal } from "./terminal.js";

/** What of the flags of `looptrace run` decides how opencode is started. */
export interface EarlyFlags {
  readonly driver?: string;
  readonly opencode?: string;
  readonly dir?: string;
  readonly agent?: string;
  readonly system?: string;
  readonly systemFile?: string;
  readonly mcp?: readonly string[];
  readonly projectConfig?: boolean;
  readonly wire?: boolean;
  readonly propagate?: boolean;
  readonly content?: boolean;
  /** ms */
  readonly warm?: number;
  readonly cold?: boolean;
}

/**
 * The servers of a run. Where the command line alone says how opencode is to be started, it is started
 * already: that takes longer than looptrace's own start, and need not wait for it. What is wrong with the
 * command line is found out meanwhile, before any model is asked.
 *
 * @param extra opencode's own arguments; no server takes them
 */
export function earlyServer(flags: EarlyFlags, extra: readonly string[], terminal: Terminal): ServerPool {
  const servers = new ServerPool({ mostTurns: 1, leaves: true });
  const {
    driver = "auto",
    system,
    systemFile,
    mcp = [],
    agent,
    projectConfig = false,
    wire = true,
    content = true,
    propagate: propagates = false,
  } = flags;
  const isPlain = system === undefined && systemFile === undefined && mcp.length === 0;
  const directory = resolve(terminal.cwd, flags.dir ?? ".");
  if (driver === "cli" || extra.length > 0 || !isPlain || hasConfigFile(terminal)) return servers;
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return servers;
  const opencode = flags.opencode === undefined ? undefined : resolve(terminal.cwd, flags.opencode);
  const environment = terminal.env;
  try {
    const path = pathOfOpenCode({ opencode, directory, environment });
    const mode = wire ? (content ? "full" : "sizes") : "off";
    const warmMs = warmthOf(flags.cold === true ? 0 : flags.warm, environment);
    servers.warm({ path, environment, directory, agent, projectConfig, wire: mode, propagates, warmMs });
  } catch {
    // The run itself says that there is no opencode, and where it was looked for, or what is wrong with LOOPTRACE_WARM.
  }
  return servers;
}

/** Whether there is one: it can say anything, and reading it takes as long as all else. */
function hasConfigFile({ cwd, env }: Terminal): boolean {
  try {
    return projectAround(cwd, env).inside.some((folder) => existsSync(join(folder, CONFIG_FILE)));
  } catch {
    // What is wrong with LOOPTRACE_TRUST the run itself says.
    return true;
  }
}
