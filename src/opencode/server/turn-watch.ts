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

/** What the answer `always` stands for. */
interface Allowed {
  readonly permission: string;
  readonly pattern: string;
}

const REPLIES = { allow: "once", always: "always", deny: "reject" } as const;

/**
 * @param isShared whether other prompts use the server too: it takes `always` for the answer to all sessions of the project, so
 *   that another prompt's policy would not be asked any more; there the answer is kept here, for this turn
 */
export function createTurnWatch(
  run: Pick<ServedProgress, "isOurs" | "progress">,
  policy: PermissionPolicy,
  client: Pick<OpencodeClient, "permission">,
  isShared: boolean,
): TurnWatch {
  const waits = new Map<string, PermissionWait>();
  const retries: SeenRetry[] = [];
  const streamErrors: StreamError[] = [];
  const notes: string[] = [];
  const answering = new Set<Promise<void>>();
  const allowed: Allowed[] = [];
  const decided = new Map<string, PermissionWait["answer"]>();
  /** The first word counts: an answer is told by its own event and by the server's answer to it. */
  const end = (id: string, reply: NonNullable<PermissionWait["answer"]>, at: number): void => {
    const wait = waits.get(id);
    if (wait?.answeredAt !== null) return;
    const by = decided.get(id) === reply ? "policy" : "other";
    waits.set(id, { ...wait, answeredAt: at, answer: reply, by });
  };

  const answer = async (id: string, wait: PermissionWait, always: readonly string[]): Promise<void> => {
    const { sessionId, permission, patterns, callId } = wait;
    const { answer, problem } = isAllowed(allowed, wait)
      ? { answer: "allow" as const, problem: undefined }
      : await answerOf(policy, { sessionId, permission, patterns, callId });
    if (problem !== undefined) notes.push(problem);
    const isKept = isShared && answer === "always";
    if (isKept) allowed.push(...always.map((pattern) => ({ permission, pattern })));
    const reply = REPLIES[isKept ? "allow" : answer];
    decided.set(id, reply);
    const { response } = await client.permission.reply({ requestID: id, reply });
    if (response?.ok) end(id, reply, Date.now());
  };

  return {
    take: (event) => {
      switch (event.type) {
        case "permission.asked": {
          const { id, sessionID, permission, patterns, always, tool } = event.properties;
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
          const answered: Promise<void> = answer(id, wait, always)
            // It waits still; when the connection is back it is asked anew.
            .catch(() => waits.delete(id))
            .then(() => undefined)
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
