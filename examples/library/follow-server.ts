import { type FollowServerOptions, followServer, type LoopTrace } from "looptrace";

/** Follows an opencode server that another program runs, until one turn of it is over. */
export async function nextTurnOf(server: Omit<FollowServerOptions, "signal">): Promise<LoopTrace | undefined> {
  const ending = new AbortController();
  let turn: LoopTrace | undefined;
  await followServer({
    ...server,
    signal: ending.signal,
    onTurn: (trace) => {
      turn ??= trace;
      ending.abort();
    },
  });
  return turn;
}
