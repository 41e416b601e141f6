import pc from "picocolors";

/** Where a command reads and writes; a test gives its own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Results. */
  readonly out: (text: string) => void;
  /** Progress, warnings, errors. */
  readonly err: (text: string) => void;
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  readonly width: number;
}

export function processTerminal(): Terminal {
  return {
    env: process.env,
    cwd: process.cwd(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    outIsTty: process.stdout.isTTY === true,
    errIsTty: process.stderr.isTTY === true,
    width: widthOf(process.stdout.columns, process.env.COLUMNS),
  };
}

/** Colours only on a terminal; NO_COLOR and FORCE_COLOR have the last word (no-color.org, force-color.org). */
export function colorsFor(terminal: Terminal, isTty: boolean): ReturnType<typeof pc.createColors> {
  const { NO_COLOR, FORCE_COLOR, TERM } = terminal.env;
  if (NO_COLOR) return pc.createColors(false);
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0") return pc.createColors(true);
  return pc.createColors(isTty && TERM !== "dumb");
}

function widthOf(columns: number | undefined, variable: string | undefined): number {
  const wanted = columns ?? Number(variable);
  return Number.isInteger(wanted) && wanted >= 20 ? wanted : 120;
}
