import type { UnfinishedSession } from "../follow/attach.js";

/** What is said of a session that was at work when looptrace was ended. */
export function unfinishedText({ sessionId, stored }: UnfinishedSession): string {
  const what = stored ? "it is kept as far as it came" : "it could not be kept";
  return `looptrace: ${sessionId} is at work still: ${what}. \`looptrace trace ${sessionId}\` sends the rest when it is over.\n`;
}
