import { fieldsOf, isFields } from "../../../text/json-fields.js";
import type { WorkingSession } from "../../server/followed-server.js";
import type { Mirror2, MirroredSession2 } from "./session-mirror.js";

/** What the sessions of a mirror are at that are at work. */
export function workingOf2(mirror: Mirror2): readonly WorkingSession[] {
  return [...mirror.values()].filter(({ busy }) => busy).map(workOf);
}

function workOf({ info, messages }: MirroredSession2): WorkingSession {
  const begin = messages.findLastIndex(({ type }) => type === "idle");
  const answers = messages.slice(begin + 1).filter(({ type }) => type === "assistant");
  const last = answers.at(-1);
  const content = Array.isArray(last?.content) ? last.content.filter(isFields) : [];
  const { at, error } = fieldsOf(last?.retry);
  const { message } = fieldsOf(error);
  return {
    id: info.id,
    title: typeof info.title === "string" ? info.title : undefined,
    isSubagent: typeof info.parentID === "string",
    step: Math.max(0, answers.length - 1),
    retry: typeof at === "number" ? { next: at, message: typeof message === "string" ? message : "" } : undefined,
    tools: content.flatMap(({ type, name, state }) =>
      type === "tool" && typeof name === "string" && fieldsOf(state).status === "running" ? [name] : [],
    ),
    isAnswering: content.length > 0,
  };
}
