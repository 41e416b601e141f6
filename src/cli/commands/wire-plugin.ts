import { installWirePlugin, uninstallWirePlugin, type WirePluginChange } from "../../opencode/program.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import type { Terminal } from "../terminal.js";

export interface WirePluginFlags {
  /** Undefined without `--content` and `--no-content`: as before. */
  readonly content?: boolean;
  readonly json?: boolean;
}

/** `looptrace wire install`: the tap as a plugin of the user's opencode. */
export async function wireInstall(flags: WirePluginFlags, terminal: Terminal): Promise<ExitCode> {
  const done = await installWirePlugin(terminal.env, flags.content);
  const what = done.content
    ? "what is said, read and called, not masked: --no-content leaves that out"
    : "sizes, hashes and times only: --content has all recorded";
  return say(done, flags, terminal, {
    unchanged: "All is there already; its files are those of this looptrace.",
    after: [
      `${done.byHand === null ? "opencode" : "With that opencode"} records from its next start on, below ${done.recordings}: ${what}.`,
    ],
  });
}

/** `looptrace wire uninstall`: the same undone. */
export async function wireUninstall(flags: WirePluginFlags, terminal: Terminal): Promise<ExitCode> {
  const done = await uninstallWirePlugin(terminal.env);
  const left = done.recorded === 1 ? "1 recording stays" : `${done.recorded.toLocaleString("en-US")} recordings stay`;
  return say(done, flags, terminal, {
    unchanged: "It was not installed.",
    after:
      done.recorded === 0
        ? []
        : [
            `${left} in ${done.recordings}, not masked. Delete that folder if you do not want them; else looptrace removes each that is older than 30 days when it reads a session. An opencode that runs now records until it ends.`,
          ],
  });
}

function say(
  done: WirePluginChange,
  flags: WirePluginFlags,
  terminal: Terminal,
  { unchanged, after }: { readonly unchanged: string; readonly after: readonly string[] },
): ExitCode {
  if (flags.json) {
    terminal.out(`${terminalJson(done)}\n`);
  } else {
    const todo = done.byHand === null ? [] : [done.byHand];
    const told = [...done.changes, ...todo];
    terminal.out(`${[...(told.length > 0 ? told : [unchanged]), ...after].map(oneLine).join("\n")}\n`);
  }
  return done.byHand === null ? EXIT.ok : EXIT.usage;
}
