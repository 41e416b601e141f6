import { setTimeout as sleep } from "node:timers/promises";
import { ServerRequestError } from "../../../errors/server-request-error.js";
import { fieldsOf, isFields } from "../../../text/json-fields.js";
import { askingFor } from "../../request/asked-answer.js";
import { newMessageId } from "../../server/new-message-id.js";
import { playTurn } from "../../server/play-turn.js";
import type { TurnEnd, TurnToPlay } from "../../server/server-adapter.js";
import { type Client2, dataOf2, firstKnown, tellSession2 } from "./client.js";
import { familyAtWork } from "./family-at-work.js";
import { promptFiles } from "./prompt-files.js";
import { readingAtRest } from "./reading-at-rest.js";
import { isSuccess, requestJson, type ServerAnswer } from "./request.js";
import { structuredTurn } from "./structured-turn.js";

/** Between two looks at whether a session is at rest. */
const LOOK_AGAIN_MS = 100;
/** An event tells of rest at the same time as the route that waits, and may come a little later. */
const TOLD_MS = 50;
/** A subagent that worked in the background has ended a moment before its result is handed to who started it. */
const HAND_OVER_MS = 250;
/** A title is asked for beside the first step, and has its price: a server that ends before would not tell it. */
const TITLE_MS = 2_000;

/** Hands a prompt to a server of opencode 2 and waits until the session and its subagents are at rest. */
export async function playTurn2(client: Client2, turn: TurnToPlay): Promise<TurnEnd> {
  const { sessionId, stop, failing } = turn;
  const again =
    (signal: AbortSignal) =>
    async (text: string): Promise<boolean> => {
      if (stop.by !== undefined || failing.aborted) return false;
      const path = `/api/session/${encodeURIComponent(sessionId)}/prompt`;
      const body = { text, delivery: "steer" };
      turn.rest.begin();
      if (!isSuccess(await requestJson(client.connection, path, { method: "POST", body, signal }))) return false;
      await atRest(client, turn, signal);
      return stop.by === undefined && !failing.aborted;
    };
  return await playTurn(
    {
      prompt: async (signal) => {
        const { schema, checkAnswer = () => [], message } = turn.request;
        turn.rest.begin();
        const admitted = await admit(client, turn, schema ? askingFor(schema, message) : message, signal);
        if (!isSuccess(admitted)) return { error: refusal(admitted) };
        if (schema) {
          await atRest(client, turn, signal);
          const structured = await structuredTurn(client, sessionId, checkAnswer, again(signal), signal);
          await titled(client, turn, signal);
          return structured ? { structured } : {};
        }
        const reading = readingAtRest(client, sessionId);
        const onRest = (): void => {
          if (turn.stop.by === undefined && !turn.failing.aborted) reading.begin(signal);
        };
        const isAsTold = await atRest(client, turn, signal, onRest);
        const isNamed = await titled(client, turn, signal, reading.info());
        return { read: reading.end(isAsTold && isNamed) };
      },
      abort: (signal) => interruptFamily(client, sessionId, signal),
      idleAfterAll: async (signal) => {
        try {
          await atRest(client, turn, signal);
          return true;
        } catch {
          return false;
        }
      },
    },
    turn,
  );
}

/** Returns as soon as the server has the prompt. */
async function admit(
  client: Client2,
  { request, sessionId, announce }: TurnToPlay,
  message: string,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  const { command, files, traceIdOf } = request;
  const { texts, attachments } = await promptFiles(files);
  const attached = attachments.length === 0 ? {} : { files: attachments };
  if (command === undefined) {
    // The trace's id follows from the prompt's, which opencode else mints when it has it.
    const id = traceIdOf && announce ? newMessageId(Date.now()) : undefined;
    if (id !== undefined) await announce?.(sessionId, traceIdOf?.(sessionId, id) ?? "");
    const named = id === undefined ? {} : { id };
    const body = { ...named, text: [message, ...texts].join("\n\n"), ...attached, delivery: "steer" };
    return await tellSession2(client, sessionId, "/prompt", { body, signal });
  }
  const text = [message, ...texts].join("\n\n");
  // Under both names that these have had.
  const body = { name: command, text, command, arguments: text, ...attached, delivery: "steer" };
  return await tellSession2(client, sessionId, "/command", { body, signal });
}

function refusal({ json, status }: ServerAnswer): NonNullable<TurnEnd["error"]> {
  const { _tag: tag, message } = fieldsOf(json);
  const said = typeof message === "string" ? message : `the server answered with status ${status}`;
  return { name: typeof tag === "string" ? tag : "UnknownError", data: { message: said } };
}

/**
 * Waits until nothing of a session and its subagents is at work or waits to be.
 *
 * The route that waits returns at once where nothing has begun yet, and a subagent in the background outlives it: so
 * what is at work is looked at as well. What waits is looked at before that, since what was taken up meanwhile is at
 * work.
 *
 * @param onRest called when the session itself is told to be, while that is looked at
 * @returns whether it was as it was told the first time, and has started no other session
 * @throws when the server cannot be asked any more, or the signal is aborted
 */
async function atRest(
  client: Client2,
  turn: TurnToPlay,
  signal: AbortSignal,
  onRest: () => void = () => undefined,
): Promise<boolean> {
  const { sessionId } = turn;
  let isConfirmed = false;
  let isParent = false;
  for (let looks = 1; ; looks += 1) {
    const waited = await waitFor(client, sessionId, signal);
    if (waited.status >= 500)
      throw new ServerRequestError(`wait for the session ${sessionId}`, waited.json, waited.status);
    // After an interrupt what waits stays where it is.
    const isEnded = turn.stop.by !== undefined || turn.failing.aborted;
    const isTold = isEnded ? turn.rest.isTold() : await turn.rest.isToldWithin(TOLD_MS);
    if (isTold) onRest();
    const waits = !isEnded && !isTold && (await hasInbox(client, sessionId, signal));
    const { active, hasChildren } = await familyAtWork(client, sessionId, signal, isTold && !isParent);
    isParent ||= hasChildren;
    if (waits || active.length > 0) {
      isConfirmed = false;
      await sleep(LOOK_AGAIN_MS, undefined, { signal });
    } else if (hasChildren && !isConfirmed) {
      isConfirmed = true;
      await sleep(HAND_OVER_MS, undefined, { signal });
    } else return isTold && looks === 1 && !hasChildren;
  }
}

async function waitFor({ connection }: Client2, sessionId: string, signal: AbortSignal): Promise<ServerAnswer> {
  const id = encodeURIComponent(sessionId);
  return await firstKnown(
    () => requestJson(connection, `/api/experimental/session/${id}/wait`, { method: "POST", signal }),
    () => requestJson(connection, `/api/session/${id}/wait`, { method: "POST", signal }),
  );
}

async function hasInbox({ connection }: Client2, sessionId: string, signal: AbortSignal): Promise<boolean> {
  const id = encodeURIComponent(sessionId);
  const { json } = await firstKnown(
    () => requestJson(connection, `/api/session/${id}/inbox`, { signal }),
    () => requestJson(connection, `/api/session/${id}/pending`, { signal }),
  );
  const { data } = fieldsOf(json);
  return Array.isArray(data) && data.length > 0;
}

/** Has what is at work of a session and its subagents end as if a person had, so that nothing takes it up later. */
async function interruptFamily(client: Client2, sessionId: string, signal: AbortSignal): Promise<void> {
  await tellSession2(client, sessionId, "/interrupt", { signal });
  const { active } = await familyAtWork(client, sessionId, signal);
  await Promise.all(active.map((id) => tellSession2(client, id, "/interrupt", { signal })));
}

/** Whether opencode is to name the session, which it does beside the first step. */
function isToBeTitled({ request, stop, failing }: TurnToPlay): boolean {
  const isNew = request.title === undefined && request.session === undefined;
  return isNew && stop.by === undefined && !failing.aborted;
}

/** What is told of a session; undefined where nothing is. */
async function aboutSession(client: Client2, sessionId: string, signal: AbortSignal): Promise<unknown> {
  return await dataOf2(client, sessionId, "", { signal }).catch(() => undefined);
}

/**
 * Waits a moment for the title of a session that has none yet.
 *
 * @param told of the session, where it was asked for already
 * @returns whether that told all that there was to wait for
 */
async function titled(
  client: Client2,
  turn: TurnToPlay,
  signal: AbortSignal,
  told?: Promise<unknown> | undefined,
): Promise<boolean> {
  const giveUpAt = performance.now() + TITLE_MS;
  for (let next = told; isToBeTitled(turn) && performance.now() < giveUpAt; next = undefined) {
    const info = await (next?.catch(() => undefined) ?? aboutSession(client, turn.sessionId, signal));
    if (!isFields(info) || !isUntitled(info)) return next !== undefined;
    await sleep(LOOK_AGAIN_MS, undefined, { signal });
  }
  return told !== undefined && !isToBeTitled(turn);
}

/** A session that failed gets none. */
function isUntitled({ title, outcome }: { readonly title?: unknown; readonly outcome?: unknown }): boolean {
  const isNamed = typeof title === "string" && !title.startsWith("New session - ");
  return !isNamed && (outcome === undefined || outcome === "succeeded");
}
