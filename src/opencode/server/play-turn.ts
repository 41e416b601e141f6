import { setTimeout as sleep } from "node:timers/promises";
import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import type { StreamError } from "../cli/run-session.js";
import type { ProcessExit, RunExit, StoppedBy } from "../program/spawn-opencode.js";
import type { CheckedRequest } from "../request/run-request.js";
import { filePart } from "./open-session.js";
import { isGone, type RunningServer } from "./start-server.js";
import type { StopRequest } from "./stop-request.js";

/** A turn that is to be played to its end. */
export interface TurnToPlay {
  readonly server: RunningServer;
  readonly request: CheckedRequest;
  readonly sessionId: string;
  /** The agent to run with; undefined leaves it to opencode. */
  readonly agent: string | undefined;
  /** Ends the turn, when it is time or on the caller's wish. */
  readonly stop: StopRequest;
  /** Aborted when the turn is to end for a failure on this side. */
  readonly failing: AbortSignal;
}

export interface TurnEnd {
  readonly exit: RunExit;
  /** What the server answered the prompt with, where that was no message. */
  readonly error?: StreamError["error"];
}

/** Beyond this a timer of Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** A loop that has not begun when it is to be aborted does not notice. */
const ABORT_AGAIN_MS = 250;
const STATUS_POLL_MS = 500;

/**
 * Prompts, waits for the loop's end, and aborts it when it is time. A server that does not manage that within the grace
 * is ended with it.
 *
 * @returns never fails: a connection that breaks, and a server that goes away, are ends as well
 */
export async function playTurn(client: OpencodeClient, turn: TurnToPlay): Promise<TurnEnd> {
  const { server, request, sessionId, stop, failing } = turn;
  const giveUp = new AbortController();
  let asked: Exclude<StoppedBy, "other"> | undefined;
  let graceTimer: NodeJS.Timeout | undefined;
  let again: NodeJS.Timeout | undefined;
  const abort = (by: Exclude<StoppedBy, "other">): void => {
    if (asked) return;
    asked = by;
    const send = (): void => {
      client.session.abort({ sessionID: sessionId }, { signal: giveUp.signal }).catch(() => undefined);
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
    const answer = await prompt(client, turn, giveUp.signal);
    const served: RunExit = { kind: "served", ...(asked === undefined ? {} : { asked }) };
    return { exit: served, ...(answer.error === undefined ? {} : { error: answer.error }) };
  } catch {
    // The connection broke: the server is gone, or did not abort in time and will have to go.
    if (!giveUp.signal.aborted) await isGone(server);
    if (server.exit === null && !giveUp.signal.aborted && (await idleAfterAll(client, sessionId, giveUp.signal)))
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

/** @throws when there was no answer at all */
async function prompt(
  client: OpencodeClient,
  { request, sessionId, agent }: TurnToPlay,
  signal: AbortSignal,
): Promise<Pick<TurnEnd, "error">> {
  const { message, command, model, variant, files, schema } = request;
  const shared = {
    sessionID: sessionId,
    ...(agent === undefined ? {} : { agent }),
    ...(variant === undefined ? {} : { variant }),
  };
  const answer =
    command === undefined
      ? await client.session.prompt(
          {
            ...shared,
            ...(model === undefined ? {} : { model: modelParts(model) }),
            ...(schema === undefined ? {} : { format: { type: "json_schema", schema } }),
            parts: [...files.map(filePart), { type: "text", text: message }],
          },
          { signal },
        )
      : await client.session.command(
          { ...shared, command, arguments: message, ...(model === undefined ? {} : { model }) },
          { signal },
        );
  if (answer.response?.ok === true) return {};
  // The SDK gives failures of the connection as it gives refusals.
  if (answer.response === undefined) throw answer.error;
  const { error } = answer;
  const name = typeof error === "object" && error !== null && "name" in error ? String(error.name) : "UnknownError";
  const data = typeof error === "object" && error !== null && "data" in error ? error.data : { message: String(error) };
  return { error: { name, data } };
}

function modelParts(model: string): { readonly providerID: string; readonly modelID: string } {
  const [providerID = "", ...rest] = model.split("/");
  return { providerID, modelID: rest.join("/") };
}

/** Where only the connection broke, the turn goes on: until the server says that it is over, or is gone. */
async function idleAfterAll(client: OpencodeClient, sessionId: string, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const { data } = await client.session.status({}, { signal }).catch(() => ({ data: undefined }));
    if (!data) return false;
    const status = data[sessionId];
    if (status === undefined || status.type === "idle") return true;
    await sleep(STATUS_POLL_MS);
  }
}
