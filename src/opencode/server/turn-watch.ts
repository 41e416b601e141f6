import type { StreamError } from "../cli/run-session.js";
import { answerOf, type PermissionPolicy } from "../request/permission-policy.js";
import type { PermissionWait, SeenRetry } from "../schema/event-facts.js";
import { type ServerEvent, sessionIdOf } from "../schema/server-event.js";
import { addEvidence, type EventEvidence, noEvidence, type ToldPermission } from "./event-evidence.js";

/** Answers what the agent asks for during a turn, and remembers what only events tell. */
export interface TurnWatch {
  readonly take: (event: ServerEvent) => void;
  /** In the order in which they were asked. */
  readonly permissions: () => readonly PermissionWait[];
  readonly retries: () => readonly SeenRetry[];
  /** What the run's own session had to say. */
  readonly streamErrors: () => readonly StreamError[];
  /** What a person should know. */
  readonly notes: readonly string[];
  /** When all answers are on their way. */
  readonly settled: () => Promise<void>;
}

/** Hands an answer to the server; without a response it is unknown whether it came there. */
export type SendReply = (answer: {
  /** The session that asks. */
  readonly sessionID: string;
  readonly requestID: string;
  readonly reply: NonNullable<PermissionWait["answer"]>;
}) => Promise<{ readonly response?: { readonly ok: boolean } | undefined }>;

/** What the answer `always` stands for. */
interface Allowed {
  readonly permission: string;
  readonly pattern: string;
}

const REPLIES = { allow: "once", always: "always", deny: "reject" } as const;

/**
 * @param isShared whether other prompts use the server too: it takes `always` for the answer to all sessions of the
 * project, so
 *   that another prompt's policy would not be asked any more; there the answer is kept here, for this turn
 */
export function createTurnWatch(
  run: { readonly sessionId: string; readonly isOurs: (sessionId: string) => boolean },
  policy: PermissionPolicy,
  reply: SendReply,
  isShared: boolean,
): TurnWatch {
  let told = noEvidence;
  const notes: string[] = [];
  const answering = new Set<Promise<void>>();
  const allowed: Allowed[] = [];
  const decided = new Map<string, PermissionWait["answer"]>();

  const answer = async (wait: ToldPermission, always: readonly string[]): Promise<void> => {
    const { requestId, sessionId, permission, patterns, callId } = wait;
    const { answer, problem } = isAllowed(allowed, wait)
      ? { answer: "allow" as const, problem: undefined }
      : await answerOf(policy, { sessionId, permission, patterns, callId });
    if (problem !== undefined) notes.push(problem);
    const isKept = isShared && answer === "always";
    if (isKept) allowed.push(...always.map((pattern) => ({ permission, pattern })));
    const given = REPLIES[isKept ? "allow" : answer];
    decided.set(requestId, given);
    const { response } = await reply({ sessionID: sessionId, requestID: requestId, reply: given });
    // It waits still: when the connection is back it is told again, and answered again.
    if (response === undefined) told = withoutPermission(told, requestId);
    else if (response.ok) told = addEvidence(told, replied(sessionId, requestId, given));
  };

  return {
    take: (event) => {
      const id = sessionIdOf(event);
      if (id === undefined || !run.isOurs(id)) return;
      const isKnown =
        event.type === "permission.asked" &&
        told.permissions.some(({ requestId }) => requestId === event.properties.id);
      if (isKnown) return;
      told = addEvidence(told, event);
      const asked = event.type === "permission.asked" ? told.permissions.at(-1) : undefined;
      if (event.type !== "permission.asked" || !asked) return;
      const answered: Promise<void> = answer(asked, event.properties.always)
        .catch(() => undefined)
        .finally(() => answering.delete(answered));
      answering.add(answered);
    },
    permissions: () =>
      told.permissions.map(({ requestId, ...wait }) => {
        const isOurs = wait.answer !== null && decided.get(requestId) === wait.answer;
        return isOurs ? { ...wait, by: "policy" } : wait;
      }),
    retries: () => told.retries,
    streamErrors: () =>
      told.errors.flatMap(({ sessionId, error: { name, data }, at }) =>
        sessionId === run.sessionId ? [{ error: { name, data }, at }] : [],
      ),
    notes,
    settled: async () => {
      // A caller who never answers must not hold up the end of the turn.
      await Promise.race([
        Promise.allSettled([...answering]),
        new Promise((resolve) => setTimeout(resolve, 500).unref()),
      ]);
    },
  };
}

/** The server's answer to a reply can come before the event that tells it, or instead of it. */
function replied(sessionID: string, requestID: string, reply: NonNullable<PermissionWait["answer"]>): ServerEvent {
  return { type: "permission.replied", properties: { sessionID, requestID, reply }, at: Date.now() };
}

function withoutPermission(told: EventEvidence, id: string): EventEvidence {
  return { ...told, permissions: told.permissions.filter(({ requestId }) => requestId !== id) };
}

function isAllowed(allowed: readonly Allowed[], { permission, patterns }: PermissionWait): boolean {
  const ofIt = allowed.filter((one) => one.permission === permission);
  return patterns.length > 0 && patterns.every((text) => ofIt.some(({ pattern }) => matches(text, pattern)));
}

/** As opencode reads its patterns: `ls *` stands for `ls` alone too. */
function matches(text: string, pattern: string): boolean {
  const inWords = pattern.endsWith(" *") ? [pattern, pattern.slice(0, -2)] : [pattern];
  return inWords.some((one) => {
    const source = one
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`^${source}$`, "s").test(text);
  });
}
