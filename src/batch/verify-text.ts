import type { Verified } from "./verify.js";

/** How a verify command ended, in a few words. */
export function verifiedText({ passed, exitCode, signal, timedOut }: Verified): string {
  if (passed) return "verified";
  const how = timedOut
    ? "took too long"
    : exitCode === null
      ? (signal ?? "could not be started")
      : `exit code ${exitCode}`;
  return `not verified: ${how}`;
}
