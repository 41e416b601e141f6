import { expect, test } from "vitest";
import { ServerRequestError } from "../../../src/errors/server-request-error.js";
import {
  type ReadingServer,
  ReadingServers,
  type ReadingServersOptions,
} from "../../../src/opencode/store/reading-servers.js";

interface Fake extends ReadingServer<Fake> {
  readonly name: number;
  gone: boolean;
  grown: boolean;
  stopped: boolean;
}

function fakeServers(options?: ReadingServersOptions) {
  const started: Fake[] = [];
  let fails = 0;
  let starts = 0;
  const servers = new ReadingServers<Fake>(async () => {
    starts += 1;
    fails -= 1;
    if (fails >= 0) throw new Error("it does not start");
    const server: Fake = {
      name: started.length + 1,
      gone: false,
      grown: false,
      stopped: false,
      get client() {
        return server;
      },
      isGone: async () => server.gone,
      hasGrown: async () => server.grown,
      stop: async () => {
        server.stopped = true;
      },
    };
    started.push(server);
    return server;
  }, options);
  return {
    servers,
    started,
    starts: () => starts,
    fail: (times: number) => {
      fails = times;
    },
  };
}

const refused = () => new ServerRequestError("read a session", "no", 500);
const nameOf = async ({ name }: Fake) => name;

test("one server reads them all, and is stopped at the end", async () => {
  const { servers, started } = fakeServers();
  const read = await Promise.all([1, 2, 3].map(() => servers.read(nameOf)));
  expect(read).toEqual([1, 1, 1]);
  await servers.close();
  expect(started.map(({ stopped }) => stopped)).toEqual([true]);
});

test("a server that dies is replaced, and the session is read by the next one", async () => {
  const { servers, started } = fakeServers();
  await servers.read(nameOf);
  const read = await servers.read(async (server) => {
    if (server.name === 1) {
      server.gone = true;
      throw refused();
    }
    return server.name;
  });
  expect([read, await servers.read(nameOf)]).toEqual([2, 2]);
  await servers.close();
  expect(started.every(({ stopped }) => stopped)).toBe(true);
});

test("a session that each server dies of is left to a command; the others are read", async () => {
  const { servers, started } = fakeServers();
  const deadly = async (server: Fake) => {
    server.gone = true;
    throw refused();
  };
  expect(await servers.read(nameOf)).toBe(1);
  expect(await servers.read(deadly)).toBeUndefined();
  expect(await servers.read(nameOf)).toBe(3);
  expect(started).toHaveLength(3);
});

test("what a server that is well refuses is left to a command, and it is asked for the next one", async () => {
  const { servers, started } = fakeServers();
  const refuse = async () => {
    throw refused();
  };
  for (let times = 0; times < 4; times += 1) expect(await servers.read(refuse)).toBeUndefined();
  expect(await servers.read(nameOf)).toBe(1);
  // One that refuses one after the other is of no use.
  for (let times = 0; times < 5; times += 1) await servers.read(refuse);
  expect(await servers.read(nameOf)).toBeUndefined();
  expect(started).toHaveLength(1);
});

test("where nothing else reads as much, it is asked on, and says why it read nothing", async () => {
  const { servers } = fakeServers({ mostRefused: Number.POSITIVE_INFINITY });
  const refuse = async () => {
    throw refused();
  };
  for (let times = 0; times < 6; times += 1) await expect(servers.readOrThrow(refuse)).rejects.toEqual(refused());
  expect(await servers.readOrThrow(nameOf)).toBe(1);
  const { servers: others, fail: failing } = fakeServers();
  failing(1);
  await expect(others.readOrThrow(nameOf)).rejects.toThrow("it does not start");
});

test("of several that are read at a time each says what was wrong with it, and no other one", async () => {
  const { servers } = fakeServers({ mostRefused: Number.POSITIVE_INFINITY });
  const read = ["a", "b", "c"].map((name) =>
    servers.readOrThrow(async () => {
      throw new ServerRequestError(`read the session ${name}`, "no", 500);
    }),
  );
  const reasons = (await Promise.allSettled(read)).map((one) => one.status === "rejected" && String(one.reason));
  expect(reasons).toEqual(["a", "b", "c"].map((name) => expect.stringContaining(`read the session ${name}`)));
});

test("what is wrong with a session is told, and says nothing of the server", async () => {
  const { servers } = fakeServers();
  await expect(
    servers.read(async () => {
      throw new Error("it is no export");
    }),
  ).rejects.toThrow("it is no export");
  expect(await servers.read(nameOf)).toBe(1);
});

test("a server that has grown is replaced; what is under way comes to its end on it", async () => {
  const { servers, started } = fakeServers();
  let finish = (): void => undefined;
  const slow = servers.read(async ({ name }) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return name;
  });
  await servers.read(nameOf);
  const [first] = started;
  if (first) first.grown = true;
  const names: unknown[] = [];
  for (let times = 0; times < 30; times += 1) names.push(await servers.read(nameOf));
  expect(new Set(names)).toEqual(new Set([1, 2]));
  expect(first?.stopped).toBe(false);
  finish();
  expect(await slow).toBe(1);
  expect(first?.stopped).toBe(true);
  expect(started).toHaveLength(2);
});

test("a server that is stuck is given up, and its session read by the next one", async () => {
  const { servers, started } = fakeServers({ longestMs: 20 });
  const read = await servers.read(async ({ name }, late) => {
    if (name > 1) return name;
    await new Promise((_, reject) => late.addEventListener("abort", () => reject(refused())));
    return 0;
  });
  expect(read).toBe(2);
  expect(started[0]?.stopped).toBe(true);
});

test("where none starts, or each dies at once, commands read", async () => {
  const none = fakeServers();
  none.fail(10);
  for (let times = 0; times < 5; times += 1) expect(await none.servers.read(nameOf)).toBeUndefined();
  expect(none.starts()).toBe(2);
  await none.servers.close();
  const dying = fakeServers();
  const die = async (server: Fake) => {
    server.gone = true;
    throw refused();
  };
  for (let times = 0; times < 5; times += 1) expect(await dying.servers.read(die)).toBeUndefined();
  expect(dying.started).toHaveLength(3);
});

test("one that did not start in time says little: the next session is read by the next one", async () => {
  const { servers, fail } = fakeServers();
  fail(1);
  expect([await servers.read(nameOf), await servers.read(nameOf)]).toEqual([undefined, 1]);
  await servers.close();
});

test("on a machine that was too busy for a server one is tried again, less and less often", async () => {
  const { servers, starts, fail } = fakeServers();
  fail(3);
  const read: unknown[] = [];
  for (let times = 0; times < 20; times += 1) read.push(await servers.read(nameOf));
  // Two starts at once, one five sessions later, and the one that comes off ten later.
  expect([starts(), read.filter((one) => one === 1).length]).toEqual([4, 2]);
  await servers.close();
});
