import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { z } from "zod";
import { ServerRequestError } from "../../errors/server-request-error.js";

const listed = z.looseObject({
  id: z.string(),
  directory: z.string(),
  parentID: z.string().nullish(),
  time: z.looseObject({ created: z.number(), updated: z.number() }),
});

/** A session as a list has it. */
export type ServerSession = z.infer<typeof listed>;

export interface ListOptions {
  /** Only this directory's sessions; without it those of all. */
  readonly directory?: string | undefined;
  /** Updated since then, ms since the epoch. */
  readonly since?: number | undefined;
  /** The last updated ones come first. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The sessions that a server knows, without those of subagents, the last updated first.
 *
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 */
export async function listServerSessions(
  client: OpencodeClient,
  { directory, since, limit, signal }: ListOptions,
): Promise<readonly ServerSession[]> {
  const query = { roots: true, limit, ...(since === undefined ? {} : { start: since }) } as const;
  const options = signal ? { signal } : {};
  const { data, error, response } =
    directory === undefined
      ? await client.experimental.session.list(query, options)
      : await client.session.list({ ...query, directory }, options);
  const sessions = z.array(z.unknown()).safeParse(data);
  if (!sessions.success) throw new ServerRequestError("list the sessions", error, response?.status);
  return sessions.data
    .slice(0, limit)
    .flatMap((one) => listed.safeParse(one).data ?? [])
    .filter(({ time, parentID }) => !parentID && (since === undefined || time.updated >= since))
    .sort((a, b) => b.time.updated - a.time.updated);
}

const endingInfo = z.looseObject({
  role: z.string(),
  finish: z.string().nullish(),
  error: z.unknown().optional(),
  time: z.looseObject({ created: z.number().nullish(), completed: z.number().nullish() }),
});
const lastMessage = z.looseObject({
  info: endingInfo.extend({ id: z.string() }),
  parts: z.array(z.looseObject({ ignored: z.boolean().nullish() })).default([]),
});
const lastMessages = z.array(lastMessage);

/** The next step's message is there at once. */
const BETWEEN_STEPS_MS = 10_000;
/** Behind the last message that counts there may be notices of plugins: so many more are asked for then. */
const MORE_MESSAGES = 10;

/** How a session ends, as far as its last message tells. */
export interface SessionEnd {
  /**
   * `at-work`: its last answer is not complete, or was a moment ago and is to be followed by another one. `unanswered`:
   * a message is the last, to be answered or not. `at-rest`: an answer is.
   */
  readonly state: "at-work" | "unanswered" | "at-rest";
  /** The last message's; undefined where there is none. */
  readonly messageId: string | undefined;
  /** When the answer was complete that a session at rest ends with, ms since the epoch, where that is known. */
  readonly completedAt?: number | undefined;
  /** When the message was made that is not answered, ms since the epoch, where that is known. */
  readonly askedAt?: number | undefined;
  /** There is no message at all, or none that could be of a turn; not told by each opencode. */
  readonly isEmpty?: boolean | undefined;
}

export const EMPTY: SessionEnd = { state: "at-rest", messageId: undefined, isEmpty: true };

/**
 * How a session ends. To ask the server itself, as {@link busySessions} does, makes it load the directory's project,
 * should it not have done so yet.
 *
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 */
export async function endOfSession(client: OpencodeClient, id: string, signal?: AbortSignal): Promise<SessionEnd> {
  for (let limit = 1; ; limit *= MORE_MESSAGES) {
    const { data, error, response } = await client.session.messages({ sessionID: id, limit }, signal ? { signal } : {});
    const read = lastMessages.safeParse(data);
    if (!read.success) throw new ServerRequestError(`read the session ${id}`, error, response?.status);
    const last = read.data.findLast((message) => !isNotice(message));
    if (last) return endWith(last.info);
    if (read.data.length < limit) return EMPTY;
  }
}

/**
 * The same by the last message alone, of `info` and its `parts`.
 *
 * @returns undefined where that does not tell: it is a notice, or no message as opencode has them
 */
export function endAfter(message: unknown): SessionEnd | undefined {
  const { data } = lastMessage.safeParse(message);
  return data && !isNotice(data) ? endWith(data.info) : undefined;
}

/** The same by all messages of a session that was read. */
export function endOfMessages(messages: readonly unknown[]): SessionEnd | undefined {
  const read = lastMessages.safeParse(messages.slice(-MORE_MESSAGES));
  const last = read.data?.findLast((message) => !isNotice(message));
  return last && endWith(last.info);
}

type LastMessage = z.infer<typeof lastMessage>;

/** What only people are shown neither is answered nor says that something else was. */
function isNotice({ info, parts }: LastMessage): boolean {
  return info.role === "user" && parts.length > 0 && parts.every(({ ignored }) => ignored === true);
}

function endWith(info: LastMessage["info"]): SessionEnd {
  const state = stateAfter(info);
  const completedAt = state === "at-rest" ? (info.time.completed ?? undefined) : undefined;
  const askedAt = state === "unanswered" ? (info.time.created ?? undefined) : undefined;
  return { state, messageId: info.id, completedAt, askedAt };
}

function stateAfter(info: z.infer<typeof endingInfo>): SessionEnd["state"] {
  if (info.role !== "assistant") return "unanswered";
  if (!info.time.completed) return "at-work";
  // After a refused permission or a structured answer nothing follows.
  const isBetweenSteps = Date.now() - info.time.completed < BETWEEN_STEPS_MS;
  return info.finish === "tool-calls" && !info.error && isBetweenSteps ? "at-work" : "at-rest";
}

/**
 * Whether a session may be at work, by its end.
 *
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 */
export async function looksUnfinished(client: OpencodeClient, id: string, signal?: AbortSignal): Promise<boolean> {
  return (await endOfSession(client, id, signal)).state !== "at-rest";
}

const statuses = z.record(z.string(), z.looseObject({ type: z.string() }));

/**
 * The sessions of a directory that are at work, subagents' among them.
 *
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 */
export async function busySessions(
  client: OpencodeClient,
  directory: string,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { data, error, response } = await client.session.status({ directory }, signal ? { signal } : {});
  const read = statuses.safeParse(data);
  if (!read.success) throw new ServerRequestError("ask what is at work", error, response?.status);
  return new Set(Object.entries(read.data).flatMap(([id, { type }]) => (type === "idle" ? [] : [id])));
}
