import { systemClock } from "../files/clock.js";
import { LangfuseApi } from "../langfuse/api/langfuse-api.js";
import { langfuseAmong } from "../langfuse/api/langfuse-destination.js";
import { duration } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { changingLine } from "./changing-line.js";
import type { CommandContext } from "./command-context.js";
import { notesTo } from "./notes.js";
import type { Terminal } from "./terminal.js";

/** What is answered sooner needs no line, in ms. */
const SOON_MS = 1_000;

/**
 * The Langfuse that a command reads from, also where sending to it is switched off. On a terminal a line tells how long
 * an answer has been waited for.
 *
 * @throws {ConfigurationError} when none is configured
 */
export function langfuseOf(context: CommandContext, terminal: Terminal): LangfuseApi {
  return new LangfuseApi(langfuseAmong(context.readable), { onNote: notesTo(terminal), onAsk: waitingLine(terminal) });
}

/** @param clock tells the time, for tests */
export function waitingLine(terminal: Terminal, clock = systemClock): ((label: string) => () => void) | undefined {
  if (!terminal.errIsTty) return undefined;
  return (label) => {
    const askedAt = clock.now();
    const line = changingLine(terminal, () => {
      const waitedMs = clock.now() - askedAt;
      return waitedMs < SOON_MS
        ? ""
        : `Waiting for ${oneLine(label)} … ${duration(Math.floor(waitedMs / 1000) * 1000)}`;
    });
    return line.stop;
  };
}
