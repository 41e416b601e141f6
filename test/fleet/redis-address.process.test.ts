import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { redisAddress } from "../../src/fleet/redis-address.js";
import { openRedis } from "../../src/fleet/redis-link.js";
import { hasRedis, startRedis } from "../support/redis.js";

test.each([
  ["redis://h", { host: "h", port: 6379, db: 0, tls: false, shown: "redis://h:6379" }],
  ["redis://h:7000/3", { port: 7000, db: 3, shown: "redis://h:7000/3" }],
  ["rediss://h/", { tls: true, shown: "rediss://h:6379" }],
  ["redis://[::1]:7000", { host: "::1", shown: "redis://[::1]:7000" }],
  ["redis://me:p%40ss@h", { username: "me", password: "p@ss", shown: "redis://h:6379" }],
  ["redis://:50%off@h", { username: undefined, password: "50%off", shown: "redis://h:6379" }],
])("%s", (url, address) => {
  expect(redisAddress(url)).toMatchObject(address);
});

test("a password of its own is for a URL without one", () => {
  expect(redisAddress("redis://h", "secret").password).toBe("secret");
  expect(redisAddress("redis://:own@h", "secret").password).toBe("own");
  expect(redisAddress("redis://h", "").password).toBeUndefined();
});

test.each(["", "localhost:6379", "http://h", "redis://", "redis://:secret@h/name", "redis://h:99999"])(
  "%j is none, and is not repeated",
  (url) => {
    expect(() => redisAddress(url)).toThrow("url takes the address of a Redis, such as");
    expect(() => redisAddress(url, undefined, "--redis")).toThrow("--redis takes the address of a Redis");
    expect(() => redisAddress(url)).not.toThrow("secret");
  },
);

describe("what answers", () => {
  test("nothing: refused at once", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : expect.unreachable();
    await new Promise((resolve) => server.close(resolve));
    await expect(openRedis(redisAddress(`redis://:secret@127.0.0.1:${port}`))).rejects.toThrow(
      `The Redis at redis://127.0.0.1:${port} cannot be used: the connection was refused.`,
    );
  });

  test("something that says nothing is not waited for long", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : expect.unreachable();
    const silent = redisAddress(`redis://127.0.0.1:${port}`);
    await expect(openRedis(silent, { firstAnswerMs: 200 })).rejects.toThrow("cannot be used: no answer for 0.2 s");
  });

  test.skipIf(!hasRedis)("a Redis that wants a password: none, a wrong one, the right one", async () => {
    const redis = await startRedis("--requirepass", "open-sesame");
    const open = (password?: string) => openRedis(redisAddress(redis.url, password));
    await expect(open()).rejects.toThrow("wants a password: put it into the URL or into LOOPTRACE_REDIS_PASSWORD");
    const wrong = open("guessed");
    await expect(wrong).rejects.toThrow("does not accept this password");
    await expect(wrong).rejects.not.toThrow("guessed");
    const link = await open("open-sesame");
    expect(await link.client.ping()).toBe("PONG");
    link.close();
  });

  test.skipIf(!hasRedis)("a Redis that throws jobs away when its memory is full is told of", async () => {
    const redis = await startRedis("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru");
    const { notes } = await redis.link();
    expect(notes).toEqual([expect.stringContaining("maxmemory-policy allkeys-lru")]);
  });
});
