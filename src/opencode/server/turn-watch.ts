import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { answerOf, type PermissionPolicy } from "../permission-policy.js";
import type { StreamError } from "../run-session.js";
import type { PermissionWait, SeenRetry } from "../schema/event-facts.js";
import type { ServerEvent } from "../schema/server-event.js";
import type { ServedProgress } from "./served-progress.js";

/** Answers what the agent asks for during a turn, and remembers what only events tell. */
export interface TurnWatch {
  readonly take: (event: ServerEvent) => void;
  /** In the order in which they were asked. */
  readonly permissions: () => readonly PermissionWait[];
  readonly retries: readonly SeenRetry[];
  /** What the run's own session had to say; more may be added. */
  readonly streamErrors: StreamError[];
  /** What a person should know. */
  readonly notes: readonly string[];
  /** When all answers are on their way. */
  readonly settled: () => Promise<void>;
}

const REPLIES = { allow: "once", always: "always", deny: "reject" } as const;

export function createTurnWatch(
  run: Pick<ServedProgress, "isOurs" | "progress">,
  policy: PermissionPolicy,
  client: Pick<OpencodeClient, "permission">,
): TurnWatch {
  const waits = new Map<string, PermissionWait>();
  const retries: SeenRetry[] = [];
  const streamErrors: StreamError[] = [];
  const notes: string[] = [];
  const answering = new Set<Promise<void>>();
  const decided = new Map<string, PermissionWait["answer"]>();
  /** The first word counts: an answer is told by its own event and by the server's answer to it. */
  const end = (id: string, reply: NonNullable<PermissionWait["answer"]>, at: number): void => {
    const wait = waits.get(id);
    if (wait?.answeredAt !== null) return;
    const by = decided.get(id) === reply ? "policy" : "other";
    waits.set(id, { ...wait, answeredAt: at, answer: reply, by });
  };

  const answer = async (id: string, wait: PermissionWait): Promise<void> => {
    const { sessionId, permission, patterns, callId } = wait;
    const { answer, problem } = await answerOf(policy, { sessionId, permission, patterns, callId });
    if (problem !== undefined) notes.push(problem);
    const reply = REPLIES[answer];
    decided.set(id, reply);
    const { response } = await client.permission.reply({ requestID: id, reply });
    if (response?.ok) end(id, reply, Date.now());
  };

  return {
    take: (event) => {
      switch (event.type) {
        case "permission.asked": {
          const { id, sessionID, permission, patterns, tool } = event.properties;
          if (!run.isOurs(sessionID) || waits.has(id)) return;
          const wait: PermissionWait = {
            sessionId: sessionID,
            ...(tool === undefined ? {} : { callId: tool.callID }),
            permission,
            patterns: [...patterns],
            askedAt: event.at,
            answeredAt: null,
            answer: null,
            by: "other",
          };
          waits.set(id, wait);
          const answered: Promise<void> = answer(id, wait)
            .catch(() => undefined)
            .finally(() => answering.delete(answered));
          answering.add(answered);
          return;
        }
        case "permission.replied": {
          const { requestID, reply } = event.properties;
          end(requestID, reply, event.at);
          return;
        }
        case "session.status": {
          const { sessionID, status } = event.properties;
          if (!run.isOurs(sessionID) || status.type !== "retry") return;
          const { attempt, message, next } = status;
          retries.push({ sessionId: sessionID, at: event.at, next, attempt, reason: message });
          return;
        }
        case "session.error": {
          const { sessionID, error } = event.properties;
          if (sessionID !== run.progress.sessionId || !error) return;
          streamErrors.push({ error: { name: error.name, data: error.data }, at: event.at });
          return;
        }
        default:
      }
    },
    permissions: () => [...waits.values()],
    retries,
    streamErrors,
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
