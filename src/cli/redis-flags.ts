import { DEFAULT_QUEUE, queueName } from "../fleet/queue-names.js";
import { redisAddress } from "../fleet/redis-address.js";
import { openRedis, type RedisLink } from "../fleet/redis-link.js";
import { oneLine } from "../text/terminal-text.js";
import type { Terminal } from "./terminal.js";

/** The options about the queue, as commander hands them over. */
export interface RedisFlags {
  readonly redis: string;
  readonly queue?: string;
}

/** The queue's name. @throws {ConfigurationError} when it can be none */
export function queueOf({ queue }: RedisFlags): string {
  return queueName(queue ?? DEFAULT_QUEUE);
}

/**
 * Connects to the Redis of `--redis`, and says so when it goes away and when it is back.
 *
 * @param clear makes room for a line
 * @throws {ConfigurationError} when it cannot be used
 */
export async function redisOf(
  { redis }: RedisFlags,
  terminal: Terminal,
  clear: () => void = () => undefined,
): Promise<RedisLink> {
  const address = redisAddress(redis, terminal.env.LOOPTRACE_REDIS_PASSWORD, "--redis");
  const say = (text: string): void => {
    clear();
    terminal.err(`looptrace: ${oneLine(text)}\n`);
  };
  const link = await openRedis(address, {
    onLost: (why) => say(`the Redis at ${address.shown} is away (${why}); waiting for it`),
    onBack: () => say(`the Redis at ${address.shown} is back`),
  });
  for (const note of link.notes) say(note);
  return link;
}
