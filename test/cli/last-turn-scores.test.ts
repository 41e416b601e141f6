import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { lastTurnScores } from "../../src/cli/last-turn-scores.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { loadFixture } from "../support/fixtures.js";

const SCORES = [{ name: "review", value: 1 }];

test("a session's last turn has the scores, and no other one", () => {
  const turns = traceSession(loadFixture("two-turns@1.18.33").tree);
  const given = lastTurnScores(SCORES);
  given.add([]);
  given.add(turns);
  expect(turns.map((turn) => given.of(turn))).toEqual([[], SCORES]);
});

test("turns whose scores nobody asks for are let go", async () => {
  const given = lastTurnScores(SCORES);
  const added = (): WeakRef<LoopTrace>[] => {
    const turns = traceSession(loadFixture("two-turns@1.18.33").tree).map((turn) => ({ ...turn }));
    given.add(turns);
    return turns.map((turn) => new WeakRef(turn));
  };
  const refs = added();
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  // What a weak reference was made of stays until the end of that turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  if (typeof collect === "function") collect();
  expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined]);
});
