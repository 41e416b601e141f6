import { expect, test } from "vitest";
import { z } from "zod";
import { OpenCode } from "../../src/agent/open-code.js";
import { loadScenario } from "../provider/load-scenario.js";
import type { Scenario } from "../provider/scenario.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { at, onlyOne } from "../support/fixtures.js";
import { generation1 } from "../support/generation1.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { warmOpenCode } from "../support/warm-opencode.js";
import { outline } from "./outline.js";

allowColdStarts();

/** With the driver `cli` opencode starts anew. */
async function play(scenario: Scenario, driver: "cli" | "server") {
  await using bench = await (driver === "cli" ? isolatedOpenCode(scenario) : warmOpenCode(scenario));
  const agent = new OpenCode({
    ...{ opencode: bench.binary, directory: bench.workdir, environment: bench.env, store: null, driver },
    ...{ permissions: "deny", timeoutMs: 60_000 },
  });
  const result = await agent.run(at(scenario.prompts, 0).text);
  return {
    driver: result.driver,
    error: result.error?.code,
    text: result.text,
    // Of what could not be read, say.
    notes: result.notes,
    outline: outline(result.traces, bench.workdir),
    asked: bench.provider.requests.filter(({ title }) => !title).map(({ body }) => Object.keys(Object(body)).sort()),
    // Opencode's own time, as far as nothing tells what it was at; both have a start of some kind, and an end.
    isNamed: result.traces.every(({ loop }) => loop.ownTime.other <= 0.05 * loop.account.duration),
    ownKinds: result.traces.flatMap(({ loop }) => {
      const kinds = loop.around.map(({ kind }) => kind);
      return [Object.keys(loop.ownTime).includes("prompt"), kinds.includes("loading"), kinds.includes("ending")];
    }),
    permissions: result.session && generation1(result.session.session).info.permission,
  };
}

/** A turn that meets a rate limit, has a subagent, and ends with a permission that nobody gives. */
async function allInOne(): Promise<Scenario> {
  const limited = await loadScenario("rate-limited-then-ok");
  const { lanes, ...subagent } = await loadScenario("subagent");
  const rejected = await loadScenario("permission-rejected");
  const agents = z.object({ worker: z.looseObject({}) }).parse(subagent.opencode.agent);
  return {
    ...subagent,
    opencode: {
      ...rejected.opencode,
      agent: { worker: { ...agents.worker, permission: { bash: "allow" } } },
    },
    lanes: lanes.map((lane) =>
      lane.match === undefined
        ? {
            ...lane,
            replies: [at(onlyOne(limited.lanes).replies, 0), at(lane.replies, 0), ...onlyOne(rejected.lanes).replies],
          }
        : lane,
    ),
  };
}

// One turn, for with the driver cli each costs several starts. What `opencode run` makes of a second one is recorded.
test("both drivers make the same of a turn with a retry, a subagent and a refused permission", async () => {
  const scenario = await allInOne();
  const [cli, server] = await Promise.all([play(scenario, "cli"), play(scenario, "server")]);
  expect([cli.driver, server.driver]).toEqual(["cli", "server"]);
  expect({ ...server, driver: null }).toEqual({ ...cli, driver: null });
  expect(cli.error).toBe("permission_rejected");
  expect([cli.isNamed, server.isNamed]).toEqual([true, true]);
  const told = JSON.stringify(cli.outline);
  for (const what of ["rate_limit", "fruit.txt has 3 lines.", "permission_rejected"]) expect(told).toContain(what);
});
