import { expect, test } from "vitest";
import { seenFirst } from "../../src/follow/seen-first.js";
import type { SeenStore, SessionEnd, StoredEntry, StoreServer } from "../../src/opencode/server.js";

const MINUTE_MS = 60_000;
const AT_WORK: SessionEnd = { state: "at-work", messageId: "msg_1" };

/** A store as its server has it, and as a database, which may be blind for some of it, tells of it. */
class Place {
  now = 1_000_000;
  sessions: StoredEntry[] = [];
  readonly asked: string[] = [];
  readonly stores: (SeenStore & { sees: (entry: StoredEntry) => boolean; ends: SessionEnd | undefined })[] = [];
  readonly #store = seenFirst(
    () => this.stores,
    () => this.now,
  );

  constructor(databases = 1) {
    for (let index = 0; index < databases; index += 1)
      this.stores.push({
        sees: () => true,
        ends: AT_WORK,
        mark: () => JSON.stringify(this.sessions),
        list(this: Place["stores"][number], since) {
          return place.#listed(since).filter(this.sees);
        },
        endOf(this: Place["stores"][number]) {
          return this.ends;
        },
      });
    const place = this;
  }

  #listed(since: number): readonly StoredEntry[] {
    return this.sessions.filter(({ updated }) => updated >= since).sort((a, b) => b.updated - a.updated);
  }

  get store(): StoreServer {
    return this.#store({
      list: async ({ since, limit }) => {
        this.asked.push("list");
        return this.#listed(since).slice(0, limit);
      },
      endOf: async (id) => {
        this.asked.push(id);
        return { state: "at-rest", messageId: "msg_2" };
      },
      read: async () => {
        throw new Error("not read");
      },
    });
  }

  has(id: string, updated = this.now): void {
    this.sessions = [...this.sessions.filter((one) => one.id !== id), { id, directory: "/a", updated }];
  }

  /** How the sessions are told that were updated since then, and how often the server was asked for it. */
  async list(since = 0, limit = 200): Promise<readonly [readonly string[], number]> {
    const before = this.asked.length;
    const listed = await this.store.list({ since, limit, signal: new AbortController().signal });
    return [listed.map(({ id }) => id), this.asked.length - before];
  }

  async endOf(id: string): Promise<readonly [SessionEnd["state"], number]> {
    const before = this.asked.length;
    const { state } = await this.store.endOf(id, new AbortController().signal);
    return [state, this.asked.length - before];
  }
}

test("once a database has told of the same sessions as the server, that is asked once a minute, and only after a change", async () => {
  const place = new Place();
  place.has("ses_1");
  expect(await place.list()).toEqual([["ses_1"], 1]);
  expect(await place.list()).toEqual([["ses_1"], 0]);
  place.now += MINUTE_MS * 60;
  expect(await place.list()).toEqual([["ses_1"], 0]);
  place.has("ses_2");
  expect(await place.list()).toEqual([["ses_2", "ses_1"], 1]);
  place.has("ses_3", place.now + 1);
  expect(await place.list(0, 2)).toEqual([["ses_3", "ses_2"], 0]);
  place.now += MINUTE_MS - 1;
  expect(await place.list()).toEqual([["ses_3", "ses_2", "ses_1"], 0]);
  place.now += 1;
  expect(await place.list()).toEqual([["ses_3", "ses_2", "ses_1"], 1]);
  // A clock that was set back makes nothing count for longer.
  place.has("ses_1");
  place.now -= 60 * MINUTE_MS;
  expect((await place.list())[1]).toBe(1);
});

test("a database that does not tell of what the server does, or of more, counts for nothing until it does", async () => {
  for (const [isListed, sees] of [
    [true, () => false],
    [false, () => true],
  ] as const) {
    const place = new Place();
    place.has("ses_1");
    place.has("ses_2", place.now - 1);
    const [store] = place.stores;
    if (!store) throw new Error("no store");
    if (isListed) store.sees = ({ id }) => id !== "ses_2" || sees();
    else {
      const { list } = store;
      store.list = (since) => [
        ...(list.call(store, since) ?? []),
        { id: "ses_x", directory: "/a", updated: place.now },
      ];
    }
    for (let look = 0; look < 3; look += 1) {
      expect(await place.list()).toEqual([["ses_1", "ses_2"], 1]);
      expect(await place.endOf("ses_1")).toEqual(["at-rest", 1]);
    }
  }
});

test("where none is asked for, the last ones are compared", async () => {
  const blind = new Place();
  for (let index = 0; index < 9; index += 1) blind.has(`ses_${index}`, index);
  const [store] = blind.stores;
  if (!store) throw new Error("no store");
  store.sees = ({ updated }) => updated < 8;
  expect(await blind.list(100)).toEqual([[], 2]);
  expect(await blind.list(100)).toEqual([[], 2]);
  // Those before them are not: what the server was not asked for it may have.
  store.sees = ({ updated }) => updated > 4;
  expect(await blind.list(100)).toEqual([[], 2]);
  store.sees = ({ updated }) => updated > 3;
  expect(await blind.list(100)).toEqual([[], 2]);
  expect(await blind.list(100)).toEqual([[], 0]);
  const empty = new Place();
  expect([await empty.list(), await empty.list()]).toEqual([
    [[], 2],
    [[], 0],
  ]);
});

test("of several databases the one counts that tells of the server's sessions, and none where two do", async () => {
  const place = new Place(2);
  place.has("ses_1");
  expect([await place.list(), await place.list()]).toEqual([
    [["ses_1"], 1],
    [["ses_1"], 1],
  ]);
  const [copy, own] = place.stores;
  if (!copy || !own) throw new Error("no stores");
  copy.sees = () => false;
  copy.ends = undefined;
  await place.list();
  expect(await place.list()).toEqual([["ses_1"], 0]);
  expect(await place.endOf("ses_1")).toEqual(["at-work", 0]);
});

test("how a session ends is asked of the server where the database does not say, and every five minutes", async () => {
  const place = new Place();
  place.has("ses_1");
  expect(await place.endOf("ses_1")).toEqual(["at-rest", 1]);
  await place.list();
  expect(await place.endOf("ses_1")).toEqual(["at-work", 0]);
  const [store] = place.stores;
  if (!store) throw new Error("no store");
  store.ends = undefined;
  expect(await place.endOf("ses_1")).toEqual(["at-rest", 1]);
  store.ends = AT_WORK;
  place.now += 5 * MINUTE_MS - 1;
  expect(await place.endOf("ses_1")).toEqual(["at-work", 0]);
  place.now += 1;
  expect(await place.endOf("ses_1")).toEqual(["at-rest", 1]);
});
