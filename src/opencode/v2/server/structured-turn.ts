import { fieldsOf, isFields } from "../../../text/json-fields.js";
import { askingAgain, type CheckAnswer, readAnswer, type StructuredAnswer } from "../../request/asked-answer.js";
import { type Client2, dataOf2 } from "./client.js";

/** After an answer that does not fit, a model is asked again so often. */
export const MOST_REPAIRS = 2;
/** Behind the answer stand only the marks of the turn's end. */
const LAST_MESSAGES = 20;

/**
 * Has an answer that does not fit mended, in prompts of their own.
 *
 * @param prompt hands a prompt over and waits for the turn's end; false when that was not the agent's own
 * @returns the last answer; undefined where the turn failed or was ended
 */
export async function structuredTurn(
  client: Client2,
  sessionId: string,
  check: CheckAnswer,
  prompt: (text: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<StructuredAnswer | undefined> {
  for (let repairs = 0; ; repairs += 1) {
    const text = await lastAnswer(client, sessionId, signal);
    if (text === undefined) return undefined;
    const answer = readAnswer(text, check);
    if (answer.problems.length === 0 || repairs >= MOST_REPAIRS) return answer;
    if (!(await prompt(askingAgain(answer.problems)))) return answer;
  }
}

/** What the last turn ended with; undefined where it failed. */
async function lastAnswer(client: Client2, sessionId: string, signal: AbortSignal): Promise<string | undefined> {
  const query = { order: "desc", limit: LAST_MESSAGES };
  const data = await dataOf2(client, sessionId, "/message", { query, signal });
  const messages = (Array.isArray(data) ? data : []).filter(isFields);
  const idle = messages.find(({ type }) => type === "idle");
  if (idle !== undefined && idle.outcome !== "succeeded") return undefined;
  const last = messages.find(({ type }) => type === "assistant");
  if (!last || last.error !== undefined || fieldsOf(last.time).completed === undefined) return undefined;
  const content = Array.isArray(last.content) ? last.content.filter(isFields) : [];
  return content.flatMap(({ type, text }) => (type === "text" && typeof text === "string" ? [text] : [])).join("\n");
}
