import { expect, test } from "vitest";
import { drive } from "../../../src/opencode/drive.js";
import type { DriveHooks, DriveRequest, DriveResult } from "../../../src/opencode/request/drive-request.js";
import { loadScenario } from "../../provider/load-scenario.js";
import { scenarioOf2 } from "../../provider/scenario-of-2.js";
import { allowColdStarts } from "../../support/cold-starts.js";
import { isolatedOpenCode } from "../../support/isolated-opencode.js";
import { leftovers } from "../../support/play-drive.js";
import { realOpencode2 } from "../../support/real-opencode2.js";

allowColdStarts();

const opencode = realOpencode2() ?? "";
const real = test.skipIf(opencode === "");

/** Drives a scenario's prompts, one after the other in one session. */
async function driven(name: string, request: Partial<DriveRequest> = {}, hooks: DriveHooks = {}) {
  const scenario = scenarioOf2(await loadScenario(name));
  await using bench = await isolatedOpenCode(scenario);
  const { env: environment, workdir: directory } = bench;
  const results: DriveResult[] = [];
  for (const { text: message } of scenario.prompts) {
    const session: string | undefined = results.at(-1)?.sessionId ?? undefined;
    results.push(await drive({ message, directory, opencode, environment, session, ...request }, hooks));
  }
  await expect.poll(() => leftovers(bench)).toEqual([]);
  return { results, requests: bench.provider.requests.length };
}

real.each(["server", "cli"] as const)("a real opencode 2 is driven by its %s", async (driver) => {
  const { results } = await driven("multistep", { driver });
  const [result] = results;
  expect(result).toMatchObject({ driver, streamErrors: [], notes: [], progress: { toolsFailed: 0, toolsDone: 5 } });
  expect(result?.exit).toEqual(driver === "server" ? { kind: "served" } : { kind: "exited", code: 0 });
  expect(result?.progress.tokens.output).toBeGreaterThan(0);
  const { messages } = JSON.parse(result?.raw.get(result.sessionId ?? "") ?? "");
  expect(messages.filter(({ type }: { readonly type: string }) => type === "assistant")).toHaveLength(4);
});

real("a real opencode 2 goes on with a session, and has subagents", async () => {
  const { results } = await driven("two-turns");
  expect(new Set(results.map(({ sessionId }) => sessionId)).size).toBe(1);
  const { results: withSubagent } = await driven("subagent");
  expect(withSubagent[0]).toMatchObject({ progress: { subagents: 1 }, exit: { kind: "served" } });
  expect(withSubagent[0]?.raw.size).toBe(2);
});

real("a real opencode 2 tells of requests that failed, and of a key that is wrong", async () => {
  const before = Date.now();
  const { results } = await driven("rate-limited-then-ok");
  expect(results[0]?.retries.length).toBeGreaterThan(0);
  for (const { next } of results[0]?.retries ?? []) expect(next).toBeGreaterThan(before);
  const { results: refused } = await driven("provider-401");
  expect(refused[0]?.streamErrors).toMatchObject([{ error: { name: "provider.auth" } }]);
});

real("a real opencode 2 is interrupted, and what its commands started ends with it", async () => {
  const caller = new AbortController();
  const onProgress: DriveHooks["onProgress"] = ({ phase }) => phase.kind === "tools" && caller.abort();
  const { results } = await driven("killed", {}, { signal: caller.signal, onProgress });
  expect(results[0]?.exit).toEqual({ kind: "served", asked: "caller" });
  expect(results[0]?.raw.get(results[0].sessionId ?? "")).toContain('"aborted"');
});

real("a real opencode 2 asks for permissions, and is answered", async () => {
  const { results } = await driven("permission-rejected", { permissions: () => "allow" });
  expect(results[0]).toMatchObject({ exit: { kind: "served" }, permissions: [{ answer: "once", by: "policy" }] });
});
