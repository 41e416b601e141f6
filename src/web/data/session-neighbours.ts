import type { ListedSession, SessionSummary } from "./listed-session.js";
import type { SessionLink, SessionNeighbours } from "./report-data.js";

/** The sessions before and after one by when they were recorded; those that cannot be read are passed over. */
export function sessionNeighbours(id: string, sessions: readonly ListedSession[]): SessionNeighbours {
  const readable = sessions
    .filter((one): one is SessionSummary => one.kind === "session")
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  const at = readable.findIndex((one) => one.id === id);
  if (at < 0) return {};
  const [before, after] = [readable[at - 1], readable[at + 1]];
  return { ...(before ? { before: linkTo(before) } : {}), ...(after ? { after: linkTo(after) } : {}) };
}

/** What is shown of a title; the page cuts it where there is less room. */
const MOST_TITLE = 80;

function linkTo({ id, title, prompts: [prompt = ""] }: SessionSummary): SessionLink {
  return { id, title: (title.trim() || prompt.trim() || id).slice(0, MOST_TITLE).toWellFormed() };
}
