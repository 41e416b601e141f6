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
  const then =
    destinations.length === 0
      ? "and no destination is configured: sessions and traces are lost"
      : "so sessions are not kept, and what a destination does not take at once is lost";
  err(
    `looptrace: ${oneLine(obstacle.path)} cannot be written to (${oneLine(obstacle.reason)}), ${then}.\nMend that, or name another folder by LOOPTRACE_HOME.\n`,
  );
}
