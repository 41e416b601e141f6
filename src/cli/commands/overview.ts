import { pricedSessions } from "../../catalog/priced-sessions.js";
import { shortIds } from "../../catalog/short-ids.js";
import { READING_RISKS } from "../../config/config-risks.js";
import { refuseUnreadableStore } from "../../files/store-obstacle.js";
import { maskFor } from "../../masking/mask.js";
import { paintSessions } from "../../terminal/paint-sessions.js";
import { count } from "../../text/format.js";
import { LOOPTRACE_VERSION } from "../../version.js";
import { colorsFor } from "../colors.js";
import { CommandContext } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { rememberList } from "../last-list.js";
import { NOTHING_KEPT, TRY, whyNothing } from "../nothing-kept.js";
import { withKept } from "../open-kept.js";
import type { Terminal } from "../terminal.js";

const SHOWN = 5;
/** Of many sessions that were never read those that can be in this time, the newest, are enough, ms. */
const PATIENCE_MS = 2_000;

const ABOUT = "runs opencode with tracing on, and shows what it did";

/**
 * `looptrace` alone: the last sessions, and what to do next.
 *
 * @param patience ends reading sessions that the index does not know yet
 */
export async function overview(terminal: Terminal, patience = AbortSignal.timeout(PATIENCE_MS)): Promise<ExitCode> {
  const context = new CommandContext({}, terminal, { uses: READING_RISKS });
  const { paths, masking, prices } = context;
  refuseUnreadableStore(paths);
  const colors = colorsFor(terminal, terminal.outIsTty);
  const commands = (rows: readonly (readonly [command: string, does: string])[]): string => {
    const width = Math.max(...rows.map(([command]) => command.length));
    return rows.map(([command, does]) => `  ${colors.bold(command.padEnd(width))}  ${does}\n`).join("");
  };
  terminal.out(`${colors.bold("looptrace")} ${LOOPTRACE_VERSION} ${ABOUT}\n\n`);
  let isAll = true;
  const kept = await withKept(
    context,
    terminal,
    async (catalog, unread) => {
      isAll = unread === 0;
      if (!isAll) terminal.background?.(["__index"]);
      const all = catalog.sessions();
      if (all.length === 0) return 0;
      const last = await pricedSessions(all.slice(0, SHOWN), catalog, prices);
      const shown = (await maskFor([last], masking))(last);
      await rememberList(
        paths,
        shown.map(({ id }) => id),
      );
      const shortId = shortIds(all.map(({ id }) => id));
      terminal.out(`${paintSessions(shown, { width: terminal.width, colors, now: Date.now(), shortId })}\n\n`);
      return all.length;
    },
    patience,
  );
  if (kept === 0 && !isAll) {
    terminal.out("The kept sessions are many, or another looptrace reads them now: `looptrace ls` waits for them.\n");
  } else if (kept === 0) {
    terminal.out(`${NOTHING_KEPT[whyNothing(terminal)]}\n\n`);
    terminal.out(commands([...TRY, ["looptrace doctor", "says whether all that it takes is there"]]));
  } else {
    terminal.out(
      commands([
        ["looptrace show 1", "what the first one did: steps, calls, tools, time"],
        ["looptrace report 1 --open", "the same as a page in your browser"],
        [
          "looptrace ls",
          isAll && kept > SHOWN
            ? `all ${count(kept)}; --grep searches their texts`
            : "the list; --grep searches their texts",
        ],
      ]),
    );
  }
  terminal.out("\nlooptrace --help lists all commands.\n");
  return EXIT.ok;
}
