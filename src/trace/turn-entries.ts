import type { Answer, Entry, Turn } from "../opencode/model.js";

export function isAnswer(entry: Entry): entry is Answer {
  return entry.kind === "answer";
}

/** The answers that a turn got, in order. */
export function answersOf({ rest }: Turn): readonly Answer[] {
  return rest.filter(isAnswer);
}
