import { installWirePlugin, uninstallWirePlugin, type WirePluginChange } from "../../opencode/program.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import type { Terminal } from "../terminal.js";

export interface WirePluginFlags {
  /** False with `--no-content`. */
  readonly content?: boolean;
  readonly json?: boolean;
}

/** `looptrace wire install`: the tap as a plugin of the user's opencode. */
export async function wireInstall(flags: WirePluginFlags, terminal: Terminal): Promise<ExitCode> {
  const done = await installWirePlugin(terminal.env, flags.content ?? true);
  return say(done, flags, terminal, [
    "All is there already; its files are those of this looptrace.",
    `opencode records from its next start on, below ${done.recordings}.`,
  ]);
}

/** `looptrace wire uninstall`: the same undone. */
export async function wireUninstall(flags: WirePluginFlags, terminal: Terminal): Promise<ExitCode> {
  const done = await uninstallWirePlugin(terminal.env);
  return say(done, flags, terminal, ["It was not installed.", undefined]);
}

function say(
  done: WirePluginChange,
  flags: WirePluginFlags,
  terminal: Terminal,
  [unchanged, after]: readonly [unchanged: string, after: string | undefined],
): ExitCode {
  if (flags.json) {
    terminal.out(`${terminalJson(done)}\n`);
    return EXIT.ok;
  }
  const lines = [...(done.changes.length > 0 ? done.changes : [unchanged]), ...(after === undefined ? [] : [after])];
  terminal.out(`${lines.map(oneLine).join("\n")}\n`);
  return EXIT.ok;
}
