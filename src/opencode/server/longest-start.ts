/**
 * How long opencode may take to listen, ms: some seconds, but half a minute and more where a machine has much else to
 * do, such as other starts. One that ends is not waited for.
 */
export const LONGEST_START_MS = 120_000;
