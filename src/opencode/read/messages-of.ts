import type { SessionExport } from "../schema/exported-session.js";

/** When a session's prompts came, as far as they are there; ms since the epoch, in their order. */
export function promptTimesOf({ generation, messages }: SessionExport): readonly number[] {
  return generation === 1
    ? messages.flatMap(({ info }) => (info.role === "user" ? [info.time.created] : []))
    : messages.flatMap(({ type, time }) => (type === "user" ? [time.created] : []));
}

/** The structured answers in a session, in their order; opencode 2 gives none. @param since ms since the epoch */
export function structuredAnswersOf({ generation, messages }: SessionExport, since: number): readonly unknown[] {
  if (generation === 2) return [];
  return messages.flatMap(({ info }) =>
    info.role === "assistant" && info.time.created >= since && info.structured != null ? [info.structured] : [],
  );
}
