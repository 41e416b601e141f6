import { redisAddress } from "../../src/fleet/redis-address.js";
import { openRedis, type RedisLink, type RedisLinkHooks } from "../../src/fleet/redis-link.js";
import { isRedisInstalled, type RedisServer, startRedisServer } from "./redis-server.js";
import { onTestFinished } from "./side-by-side.js";

/** Without a Redis on this machine the tests that need one are skipped; the run says so at its end. */
export const hasRedis = isRedisInstalled();

export interface TestRedis extends RedisServer {
  /** A connection, closed with the test. */
  link(hooks?: RedisLinkHooks): Promise<RedisLink>;
}

/** Removed with the test. @param settings further arguments of redis-server */
export async function startRedis(...settings: readonly string[]): Promise<TestRedis> {
  const server = await startRedisServer(...settings);
  onTestFinished(() => server.remove());
  return {
    ...server,
    link: async (hooks) => {
      const link = await openRedis(redisAddress(server.url), hooks);
      onTestFinished(() => link.close());
      return link;
    },
  };
}
