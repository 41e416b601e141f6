import type { Destination } from "../deliver/destinations/destination.js";
import { storeObstacle } from "../files/store-obstacle.js";
import type { StorePaths } from "../files/store-paths.js";
import { oneLine } from "../text/terminal-text.js";
import type { Terminal } from "./terminal.js";

/**
 * Says before a run costs anything that nothing of it can be kept on this machine, and what follows from that. What can
 * be sent is sent all the same.
 */
export function tellUnkept(
  { paths, destinations }: { readonly paths: StorePaths; readonly destinations: readonly Destination[] },
  { err }: Pick<Terminal, "err">,
): void {
  const obstacle = storeObstacle(paths, "write");
  if (!obstacle) return;
  const isSent = destinations.length > 0;
  const sent = isSent ? "what a destination does not take at once is lost" : "there is nowhere to send their traces";
  // Only what waits to be sent has no place: that concerns nobody who sends nothing.
  if (obstacle.of === "outbox" && !isSent) return;
  const then = obstacle.of === "outbox" ? sent : `sessions are not kept, and ${sent}`;
  err(
    `looptrace: ${oneLine(obstacle.path)} cannot be written to (${oneLine(obstacle.reason)}), so ${then}.\nMend that, or name another folder by LOOPTRACE_HOME.\n`,
  );
}
