/** Of the kinds of secrets, how many may be readable in any place. */
export const MOST_LEAKING = 0.05;
/** Of the lines of ordinary source, how many may be changed. */
export const MOST_MASKED = 1 / 10_000;
