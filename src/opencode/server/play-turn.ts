import type { ProcessExit, RunExit, StoppedBy } from "../program/spawn-opencode.js";
import type { TurnEnd, TurnToPlay } from "./server-adapter.js";
import { isGone } from "./start-server.js";

/** How a server is told to play a turn. */
export interface TurnSteps {
  /**
   * Hands the prompt over and waits until the loop has ended.
   *
   * @throws when there was no answer at all
   */
  readonly prompt: (signal: AbortSignal) => Promise<Omit<TurnEnd, "exit">>;
  /** Has the loop end; told again and again until it has. */
  readonly abort: (signal: AbortSignal) => Promise<unknown>;
  /** Where only the connection broke, the turn goes on: waits until the server says that it is over, or is gone. */
  readonly idleAfterAll: (signal: AbortSignal) => Promise<boolean>;
}

/** Beyond this a timer of Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** A loop that has not begun when it is to be aborted does not notice. */
const ABORT_AGAIN_MS = 250;

/**
 * Prompts, waits for the loop's end, and aborts it when it is time. A server that does not manage that within the grace
 * is ended with it.
 *
 * @returns never fails: a connection that breaks, and a server that goes away, are ends as well
 */
export async function playTurn(steps: TurnSteps, turn: TurnToPlay): Promise<TurnEnd> {
  const { server, request, stop, failing } = turn;
  const giveUp = new AbortController();
  let asked: Exclude<StoppedBy, "other"> | undefined;
  let graceTimer: NodeJS.Timeout | undefined;
  let again: NodeJS.Timeout | undefined;
  const abort = (by: Exclude<StoppedBy, "other">): void => {
    if (asked) return;
    asked = by;
    const send = (): void => {
      steps.abort(giveUp.signal).catch(() => undefined);
    };
    send();
    again = setInterval(send, ABORT_AGAIN_MS);
    if (request.graceMs <= LONGEST_TIMER_MS) graceTimer = setTimeout(() => giveUp.abort(), request.graceMs);
  };
  const onStop = () => abort(stop.by ?? "caller");
  const onFailing = () => abort("caller");
  // A hook that was told of the session may have ended it at once.
  if (stop.by !== undefined) return { exit: { kind: "served", asked: stop.by } };
  stop.signal.addEventListener("abort", onStop, { once: true });
  failing.addEventListener("abort", onFailing, { once: true });
  try {
    const answer = await steps.prompt(giveUp.signal);
    const served: RunExit = { kind: "served", ...(asked === undefined ? {} : { asked }) };
    return { ...answer, exit: served };
  } catch {
    // The connection broke: the server is gone, or did not abort in time and will have to go.
    if (!giveUp.signal.aborted) await isGone(server);
    if (server.exit === null && !giveUp.signal.aborted && (await steps.idleAfterAll(giveUp.signal)))
      return { exit: { kind: "served", ...(asked === undefined ? {} : { asked }) } };
    const exit = await server.stop();
    return {
      exit: asked === undefined ? byOthers(exit) : { kind: "signalled", signal: "SIGKILL", by: asked },
    };
  } finally {
    clearTimeout(graceTimer);
    clearInterval(again);
    stop.signal.removeEventListener("abort", onStop);
    failing.removeEventListener("abort", onFailing);
  }
}

/** A server that was stopped was not stopped for this turn: that is another's on it, or the pool's end. */
function byOthers(exit: ProcessExit): ProcessExit {
  return exit.kind === "exited" ? { kind: "exited", code: exit.code } : { ...exit, by: "other" };
}
