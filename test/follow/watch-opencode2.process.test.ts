import { expect, test } from "vitest";
import { watchStore } from "../../src/follow/watch-store.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { loadScenario } from "../provider/load-scenario.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { loadOpencode2 } from "../support/opencode2-fixtures.js";
import { opencode2Program, type Session2 } from "../support/opencode2-program.js";
import { playOnOpencode2, realOpencode2 } from "../support/real-opencode2.js";
import { temporaryStore } from "../support/temporary-store.js";

allowColdStarts();

interface Where {
  readonly opencode: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
}

/** Watches until `count` turns were told. */
async function watched(
  where: Where,
  since: number,
  count: number,
  whenReady: () => Promise<unknown> = async () => undefined,
) {
  const told: LoopTrace[] = [];
  const notes: string[] = [];
  const ending = new AbortController();
  let played: Promise<unknown> | undefined;
  const left = await watchStore({
    ...where,
    since,
    paths: await temporaryStore(),
    masking: undefined,
    signal: ending.signal,
    onNote: (note) => notes.push(note),
    onReady: () => {
      played = whenReady();
      played.catch(() => ending.abort());
    },
    onTurn: (trace) => {
      told.push(trace);
      if (told.length === count) ending.abort();
    },
  });
  await played;
  return { told, notes, left };
}

test("turns in a store of opencode 2 are told, each once, also one whose opencode was killed", async () => {
  const names = ["two-turns", "subagent", "killed-server@2026-07-20"];
  const sessions = names.flatMap((name) => {
    const { text, subagentTexts } = loadOpencode2(name);
    return [text, ...subagentTexts].map((one): Session2 => JSON.parse(one));
  });
  const { path, env, workdir, calls } = await opencode2Program({ sessions });
  const { told, notes, left } = await watched({ opencode: path, environment: env, directory: workdir }, 1, 4);
  expect(told.map(({ loop }) => loop.sessionId).sort()).toEqual(
    ["two-turns", "two-turns", "subagent", "killed-server@2026-07-20"]
      .map((name) => loadOpencode2(name).session.info.id)
      .sort(),
  );
  expect([notes, left]).toEqual([[], []]);
  expect((await calls()).map(({ argv }) => argv[0])).toEqual(["serve"]);
});

test.skipIf(realOpencode2() === undefined)(
  "a turn that a real opencode 2 runs meanwhile is told when it is over",
  async () => {
    const scenario = await loadScenario("plain-answer");
    await using bench = await isolatedOpenCode(scenario);
    const where = { opencode: realOpencode2() ?? "", environment: bench.env, directory: bench.workdir };
    let session = "";
    const { told, notes } = await watched(where, Date.now(), 1, async () => {
      session = await playOnOpencode2(bench, scenario.prompts[0]?.text ?? "");
    });
    expect(told.map(({ loop }) => [loop.sessionId, loop.steps.length])).toEqual([[session, 1]]);
    expect(notes).toEqual([]);
  },
);
