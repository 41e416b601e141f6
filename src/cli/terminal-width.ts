/** Below this nothing can be laid out; a terminal that says 0 columns does not know. */
const NARROWEST = 20;

/** How many columns a stream's terminal has. @param variable what `COLUMNS` says, for a stream that is no terminal */
export function widthOf(columns: number | undefined, variable: string | undefined): number {
  const wanted = columns ?? Number(variable);
  return Number.isInteger(wanted) && wanted > 0 ? Math.max(wanted, NARROWEST) : 120;
}

/** As wide as help is where it goes into a file, and at most on a wide terminal: longer lines are hard to read. */
const USUAL_HELP = 80;
export const WIDEST_HELP = 100;

/** In how many columns help is laid out. */
export function helpWidth({ outIsTty, width }: { readonly outIsTty: boolean; readonly width: number }): number {
  return outIsTty ? Math.min(width, WIDEST_HELP) : USUAL_HELP;
}
