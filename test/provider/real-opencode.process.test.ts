import { existsSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { readExport } from "../../src/opencode/read/read-export.js";
import type { SessionExport } from "../../src/opencode/schema/exported-session.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { onlyOne } from "../support/fixtures.js";
import { messagesOf } from "../support/generation1.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { longEnough } from "../support/long-enough.js";
import { loadScenario } from "./load-scenario.js";
import { runScenario } from "./run-scenario.js";
import type { Scenario } from "./scenario.js";

allowColdStarts();

const replyCount = ({ lanes }: Scenario) => lanes.reduce((sum, { replies }) => sum + replies.length, 0);

/** One line a part: what the session holds, without its ids and times. */
function outline(session: SessionExport | undefined): string[] {
  return messagesOf(session).flatMap(({ info, parts }) =>
    parts.map((part) => `${info.role} ${part.type === "tool" ? `${part.tool} ${part.state.status}` : part.type}`),
  );
}

test("a killed run leaves a half-finished session, and its place nothing; it fetches nothing", async () => {
  const scenario = await loadScenario("killed");
  const { stopAfter } = scenario;
  if (!stopAfter) throw new Error("the scenario has no end");
  const last = await longEnough(
    async (seconds) => {
      const bench = await isolatedOpenCode(scenario);
      try {
        const { turns, exports } = await runScenario(
          { ...scenario, stopAfter: { ...stopAfter, ms: 875 * seconds } },
          bench,
        );
        expect(bench.provider.unforeseen()).toEqual([]);
        // Killed before it came to ask: too early to tell anything.
        if (bench.provider.requests.filter(({ title }) => !title).length < replyCount(scenario)) return undefined;
        expect(turns.map(({ signal }) => signal)).toEqual(["SIGKILL"]);
        // It has fetched nothing from npm's registry.
        expect(existsSync(path.join(bench.home, ".npm"))).toBe(false);
        const session = readExport(onlyOne(exports), "killed");
        // What stands in opencode's place reads the same in its store.
        const options = { cwd: bench.workdir, env: bench.env, extendEnv: false, stripFinalNewline: false };
        const { stdout, stderr } = await execa(bench.binary, ["export", session.info.id], options);
        expect([stdout, stderr]).toEqual([onlyOne(exports), ""]);
        return outline(session).at(-1);
      } finally {
        await bench.remove();
        for (const place of [bench.home, bench.configPath]) expect(existsSync(place)).toBe(false);
      }
    },
    (played) => played === "assistant bash running",
  );
  expect(last).toBe("assistant bash running");
});
