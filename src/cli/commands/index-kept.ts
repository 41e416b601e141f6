import { constants, setPriority } from "node:os";
import { Catalog } from "../../catalog/catalog.js";
import { READING_RISKS } from "../../config/config-risks.js";
import { namesIn } from "../../sessions/store-files.js";
import { CommandContext } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import type { Terminal } from "../terminal.js";
import { removeGoneViews } from "../view-files.js";

/**
 * Brings the index of the kept sessions up to date, and takes away what `show` printed of those that are gone: behind
 * all else that the machine has to do, and without a word.
 */
export async function indexKept(terminal: Terminal): Promise<ExitCode> {
  behindAllElse();
  const { paths, masking } = new CommandContext({}, terminal, { uses: READING_RISKS });
  const catalog = await Catalog.open({ paths, masking, environment: terminal.env });
  try {
    await catalog.refresh();
    await removeGoneViews(paths, await namesIn(paths));
  } finally {
    await catalog.close();
  }
  return EXIT.ok;
}

function behindAllElse(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // A system that knows no priorities.
  }
}
