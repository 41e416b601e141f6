import { spawn } from "node:child_process";
import supportsHyperlinks from "supports-hyperlinks";
import { decodeText } from "../text/decode-text.js";
import { widthOf } from "./terminal-width.js";

/** Where a command reads and writes; a test gives its own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Results. */
  readonly out: (text: string) => void;
  /** Progress, warnings, errors. */
  readonly err: (text: string) => void;
  /** Standard input to its end. */
  readonly readStdin: () => Promise<string>;
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** Columns of what `out` writes to. */
  readonly width: number;
  /** Columns of what `err` writes to, now: not the same when only one of the two is a terminal. */
  readonly errWidth: number;
  /** Rows of what `err` writes to, now. */
  readonly errHeight: number;
  /** Whether what the streams write to can have hyperlinks; not when not given. */
  readonly links?: { readonly out: boolean; readonly err: boolean };
  /** Runs a command line of looptrace's beside whatever comes next; not given where that is not wanted. */
  readonly background?: (argv: readonly string[]) => void;
}

export function processTerminal(): Terminal {
  return {
    env: process.env,
    cwd: process.cwd(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    // What comes from a file or a pipe of PowerShell's may be UTF-16.
    readStdin: async () => decodeText(await (await import("node:stream/consumers")).buffer(process.stdin)),
    outIsTty: process.stdout.isTTY === true,
    errIsTty: process.stderr.isTTY === true,
    links: { out: supportsHyperlinks.stdout, err: supportsHyperlinks.stderr },
    ...(process.stderr.isTTY === true && process.env.LOOPTRACE_BACKGROUND !== "off" ? { background } : {}),
    width: widthOf(process.stdout.columns, process.env.COLUMNS),
    get errWidth() {
      return widthOf(process.stderr.columns, process.env.COLUMNS);
    },
    get errHeight() {
      return Math.max(process.stderr.rows || USUAL_ROWS, FEWEST_ROWS);
    },
  };
}

/** In a process of its own, which a closed terminal does not end. */
function background(argv: readonly string[]): void {
  const [, script = ""] = process.argv;
  const options = { detached: true, stdio: "ignore", windowsHide: true } as const;
  spawn(process.execPath, [...process.execArgv, script, ...argv], options)
    .on("error", () => undefined)
    .unref();
}

/** Of a terminal that does not say. */
const USUAL_ROWS = 24;
const FEWEST_ROWS = 4;
