import { PUBLIC_KEY, SECRET_KEY } from "../destinations.js";
import { type Answer, type ApiQuestion, type Receiver, type ReceiverBehaviour, startReceiver } from "../receiver.js";
import { type ApiAnswer, answerObservations } from "./answer-observations.js";
import { type ModelPrices, type StoredObservation, storedObservations } from "./stored-observations.js";

/** What stands in for a Langfuse that keeps what is sent and answers what it is asked. */
export interface LangfuseStandIn {
  readonly receiver: Receiver;
  /** What it has, each row as often as it came. */
  rows(): readonly StoredObservation[];
  /** What looptrace needs to find it. */
  readonly env: Readonly<Record<string, string>>;
}

export interface StandInOptions {
  /** Answers other questions, before anything else. */
  readonly api?: (question: ApiQuestion) => ApiAnswer | undefined;
  /** What becomes of the rows between storing and answering. */
  readonly change?: (rows: readonly StoredObservation[]) => readonly StoredObservation[];
  readonly prices?: ModelPrices;
  readonly behaviour?: ReceiverBehaviour;
}

/** Written one after the other, from then on. */
const FIRST_WRITTEN = Date.parse("2026-01-01T00:00:00Z");

/** Starts one on 127.0.0.1; close its receiver when done. */
export async function startLangfuse(options: StandInOptions = {}): Promise<LangfuseStandIn> {
  const { change = (rows) => rows, prices } = options;
  const kept: StoredObservation[] = [];
  let read = 0;
  const rows = (): readonly StoredObservation[] => {
    for (; read < receiver.requests.length; read += 1) {
      const { status, path, json } = receiver.requests[read] ?? {};
      if (status === 200 && path?.endsWith("/otel/v1/traces"))
        kept.push(...storedObservations(json, FIRST_WRITTEN + read, prices));
    }
    return change(kept);
  };
  const api = (question: ApiQuestion): Answer | undefined => {
    const answer = options.api?.(question) ?? ownAnswer(question, rows);
    return answer && { kind: "status", status: answer.status, body: JSON.stringify(answer.body) };
  };
  const receiver = await startReceiver({
    project: { id: "project", name: "Stand-in" },
    keys: { publicKey: PUBLIC_KEY, secretKey: SECRET_KEY },
    api,
    ...options.behaviour,
  });
  const env = {
    LANGFUSE_PUBLIC_KEY: PUBLIC_KEY,
    LANGFUSE_SECRET_KEY: SECRET_KEY,
    LANGFUSE_BASE_URL: receiver.url,
  };
  return { receiver, rows, env };
}

function ownAnswer(
  { method, path, query }: ApiQuestion,
  rows: () => readonly StoredObservation[],
): ApiAnswer | undefined {
  if (method === "GET" && path === "/api/public/v2/observations") return answerObservations(rows(), query);
  return undefined;
}
