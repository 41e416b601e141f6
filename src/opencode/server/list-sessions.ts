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
    .flatMap((one) => listed.safeParse(one).data ?? [])
    .filter(({ time, parentID }) => !parentID && (since === undefined || time.updated >= since))
    .sort((a, b) => b.time.updated - a.time.updated);
}

const lastMessage = z.array(
  z.looseObject({
    info: z.looseObject({
      role: z.string(),
      finish: z.string().nullish(),
      error: z.unknown().optional(),
      time: z.looseObject({ completed: z.number().nullish() }),
    }),
  }),
);

/** The next step's message is there at once. */
const BETWEEN_STEPS_MS = 10_000;

/**
 * Whether a session may be at work, by its last message. To ask the server itself, as {@link busySessions} does, makes it load
 * the directory's project, should it not have done so yet.
 *
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 */
export async function looksUnfinished(
  client: OpencodeClient,
  id: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { data, error, response } = await client.session.messages(
    { sessionID: id, limit: 1 },
    signal ? { signal } : {},
  );
  const read = lastMessage.safeParse(data);
  if (!read.success) throw new ServerRequestError(`read the session ${id}`, error, response?.status);
  const info = read.data.at(-1)?.info;
  if (!info) return false;
  if (info.role !== "assistant" || !info.time.completed) return true;
  // After a refused permission or a structured answer nothing follows.
  const isBetweenSteps = Date.now() - info.time.completed < BETWEEN_STEPS_MS;
  return info.finish === "tool-calls" && !info.error && isBetweenSteps;
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
