import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assembleSessions, childSessionIds } from "../../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../../src/opencode/read/read-export.js";
import type { SessionExport, SessionTree } from "../../../src/opencode/schema/exported-session.js";
import type { Message } from "../../../src/opencode/schema/session-export.js";
import { loadFixture, onlyOne } from "../../support/fixtures.js";

function session(id: string, parentID?: string, size = 0, updated = 0): SessionExport {
  const messages = Array.from(
    { length: size },
    (_, index): Message => ({
      info: { role: "user", id: `msg_${id}_${index}`, sessionID: id, time: { created: 0 } },
      parts: [],
      unknownParts: [],
    }),
  );
  return {
    generation: 1,
    info: { id, title: "", directory: "", version: "1", parentID, time: { created: 0, updated } },
    messages,
    unread: { partTypes: {}, roles: {} },
  };
}

interface Shape {
  readonly [id: string]: Shape;
}

function shape(trees: readonly SessionTree[]): Shape {
  return Object.fromEntries(trees.map((tree) => [tree.session.info.id, shape(tree.children)]));
}

test("sessions stand below those that started them, in whatever order they come", () => {
  const trees = assembleSessions([
    session("grandchild", "child"),
    session("child", "root"),
    session("other"),
    session("root"),
    session("second", "root"),
  ]);
  expect(shape(trees)).toEqual({ other: {}, root: { child: { grandchild: {} }, second: {} } });
});

test("one whose parent is not there stands alone", () => {
  expect(shape(assembleSessions([session("child", "gone")]))).toEqual({ child: {} });
});

test("sessions that name each other as parents stand alone, each once, with what is below them", () => {
  const trees = assembleSessions([session("a", "b"), session("b", "a"), session("own", "own"), session("below", "a")]);
  expect(shape(trees)).toEqual({ a: { below: {} }, b: {}, own: {} });
});

test("every session stands there exactly once", () => {
  const ids = ["a", "b", "c", "d", "e", "f"];
  const id = fc.constantFrom(...ids);
  fc.assert(
    fc.property(fc.array(fc.record({ id, parent: fc.option(id, { nil: undefined }) })), (given) => {
      const flat = (trees: readonly SessionTree[]): string[] =>
        trees.flatMap(({ session: { info }, children }) => [info.id, ...flat(children)]);
      const trees = assembleSessions(given.map(({ id: own, parent }) => session(own, parent)));
      expect(flat(trees).sort()).toEqual([...new Set(given.map((one) => one.id))].sort());
    }),
  );
});

describe("of a session that stands there twice", () => {
  test("the one with more messages counts", () => {
    for (const both of [
      [session("a", undefined, 1, 9), session("a", undefined, 2, 5)],
      [session("a", undefined, 2, 5), session("a", undefined, 1, 9)],
    ]) {
      expect(onlyOne(assembleSessions(both)).session.messages).toHaveLength(2);
    }
  });

  test("of as many the later one counts: what was running then has ended since", () => {
    for (const both of [
      [session("a", undefined, 2, 5), session("a", undefined, 2, 9)],
      [session("a", undefined, 2, 9), session("a", undefined, 2, 5)],
    ]) {
      expect(onlyOne(assembleSessions(both)).session.info.time.updated).toBe(9);
    }
  });
});

test("many subagents of one session are no matter", () => {
  const children = Array.from({ length: 20_000 }, (_, index) => session(`c${index}`, "root"));
  expect(onlyOne(assembleSessions([session("root"), ...children])).children).toHaveLength(20_000);
});

test("a session says which subagents it started, also while they are at work", () => {
  for (const version of ["1.18.33", "1.15.13"]) {
    const { session: parent, subagents } = loadFixture(`subagent@${version}`);
    expect(childSessionIds(parent)).toEqual(subagents.map(({ info }) => info.id));
    expect(childSessionIds(onlyOne(subagents))).toEqual([]);
  }
});

describe("a session that opencode 2 has taken over from opencode 1", () => {
  const from1 = (createdAt: number) =>
    exportFromJson(
      {
        info: { id: "ses_both", time: { created: 1 } },
        messages: [{ info: { id: "msg_1", role: "user", time: { created: createdAt } }, parts: [] }],
      },
      "one.json",
    );
  const from2 = (...createdAt: readonly number[]) =>
    exportFromJson(
      {
        info: { id: "ses_both", time: { created: 1 }, location: { directory: "/" } },
        messages: createdAt.map((created) => ({ id: `msg_${created}`, type: "user", time: { created } })),
      },
      "two.json",
    );
  const generationOf = (...exports: readonly SessionExport[]) => onlyOne(assembleSessions(exports)).session.generation;

  test("counts once: the original, where opencode 2 did not go on with it", () => {
    expect(generationOf(from1(5), from2(5))).toBe(1);
    expect(generationOf(from2(4, 5), from1(5))).toBe(1);
  });

  test("else the one that went on", () => {
    expect(generationOf(from1(5), from2(5, 9))).toBe(2);
    expect(generationOf(from2(5), from1(9))).toBe(1);
  });

  test("and may have subagents of either", () => {
    const child = exportFromJson(
      { info: { id: "ses_c", parentID: "ses_both", time: { created: 2 } }, messages: [] },
      "c",
    );
    expect(shape(assembleSessions([from2(5, 9), child]))).toEqual({ ses_both: { ses_c: {} } });
  });
});
