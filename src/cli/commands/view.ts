import type { MaskFlags } from "../../config/masking.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { hasCode, messageOf } from "../../errors/thrown.js";
import { plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import { pageAssets } from "../../web/data/page-assets.js";
import { serveView, type ViewOptions, type ViewServer } from "../../web/server/view-server.js";
import { CommandContext } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { onInterrupt } from "../interrupt.js";
import { notesTo } from "../notes.js";
import { nothingKept, whyNothing } from "../nothing-kept.js";
import { openInBrowser } from "../open-in-browser.js";
import { withKept } from "../open-kept.js";
import type { Terminal } from "../terminal.js";

export interface ViewFlags extends MaskFlags {
  readonly port?: number;
  readonly json?: boolean;
  readonly open?: boolean;
}

/** Longer no line is worth waiting for, ms. */
const PATIENCE_MS = 2_000;

/** `looptrace view`: serves the kept sessions to browsers on this machine, until it is interrupted. */
export async function view(flags: ViewFlags, terminal: Terminal): Promise<ExitCode> {
  const interrupt = onInterrupt();
  try {
    const { paths, masking, prices } = new CommandContext(flags, terminal, { uses: ["masks"] });
    const [list, page] = await Promise.all([pageAssets("list"), pageAssets("report")]);
    const server = await listening({
      paths,
      masking,
      prices,
      environment: terminal.env,
      onNote: notesTo(terminal),
      port: flags.port ?? 0,
      assets: { list, page },
      onProblem: (error) => terminal.err(`looptrace: ${problemText(error)}\n`),
    });
    if (!flags.json) terminal.err("looptrace: the kept sessions, for browsers on this machine; Ctrl-C ends it. Open\n");
    terminal.out(`${flags.json ? JSON.stringify({ url: server.url }) : server.url}\n`);
    if (flags.open) {
      const problem = await openInBrowser(server.url, terminal.env);
      if (problem !== undefined) terminal.err(`looptrace: ${problem}\n`);
    }
    if (!flags.json) terminal.err(`${await keptText({ paths, masking }, terminal, interrupt.signal)}\n`);
    await aborted(interrupt.signal);
    await server.close();
    return EXIT.ok;
  } finally {
    interrupt.done();
  }
}

/** How many there are: those that the index does not know yet are read by the server meanwhile. */
async function keptText(
  kept: Parameters<typeof withKept>[0],
  terminal: Terminal,
  interrupted: AbortSignal,
): Promise<string> {
  const patience = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), interrupted]);
  const some = await withKept(kept, terminal, async (catalog) => catalog.sessions().length, patience);
  if (some === 0 && !patience.aborted) return nothingKept(whyNothing(terminal));
  const more = patience.aborted ? " by now; the others are being read" : "";
  return `${plural(some, "session")}${more}. The page follows what is recorded.`;
}

async function listening(options: ViewOptions): Promise<ViewServer> {
  try {
    return await serveView(options);
  } catch (error) {
    const { port } = options;
    const why = hasCode(error, "EADDRINUSE")
      ? "is in use already"
      : hasCode(error, "EACCES")
        ? "may not be used by you"
        : undefined;
    if (why === undefined) throw error;
    throw new ConfigurationError(
      "--port",
      `Port ${port} ${why}.\nName another one, or none: then a free one is taken.`,
    );
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function problemText(error: unknown): string {
  return oneLine(messageOf(error));
}
