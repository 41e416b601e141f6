import { expect, test } from "vitest";
import type { LoadOptions } from "../../../src/sessions/load-options.js";
import { loadSessions } from "../../../src/sessions/load-sessions.js";
import { flattenTree, type LoadedSession } from "../../../src/sessions/loaded-session.js";
import { selectSessions } from "../../../src/sessions/select-sessions.js";
import { loadScenario } from "../../provider/load-scenario.js";
import { scenarioOf2 } from "../../provider/scenario-of-2.js";
import { allowColdStarts } from "../../support/cold-starts.js";
import { type IsolatedOpenCode, isolatedOpenCode } from "../../support/isolated-opencode.js";
import { generation2 } from "../../support/opencode2-fixtures.js";
import { playOnOpencode2, realOpencode2 } from "../../support/real-opencode2.js";
import { temporaryStore } from "../../support/temporary-store.js";

allowColdStarts();

const binary = realOpencode2() ?? "";

async function loadOptions(bench: IsolatedOpenCode): Promise<LoadOptions> {
  return {
    opencode: binary,
    environment: bench.env,
    directory: bench.workdir,
    paths: await temporaryStore(),
    prefer: "opencode",
    readStdin: async () => "",
  };
}

test.skipIf(binary === "")("a real opencode 2: its sessions are listed, and read with their subagents", async () => {
  const scenario = scenarioOf2(await loadScenario("subagent"));
  await using bench = await isolatedOpenCode(scenario);
  const id = await playOnOpencode2(bench, scenario.prompts[0]?.text ?? "");
  const options = await loadOptions(bench);
  expect(await selectSessions({ kind: "last" }, options)).toEqual([id]);
  expect(await selectSessions({ kind: "all" }, options)).toEqual([id]);
  expect(await selectSessions({ kind: "since", at: Date.now() + 60_000 }, options)).toEqual([]);

  const loaded: LoadedSession[] = [];
  await loadSessions([id], options, (session) => void loaded.push(session));
  const [root, ...children] = loaded.flatMap(({ tree }) => flattenTree(tree)).map(generation2);
  expect([root?.info.id, children.length]).toEqual([id, 1]);
  expect(children.map(({ info }) => info.parentID)).toEqual([id]);
  const types = root?.messages.map(({ type }) => type) ?? [];
  expect(types.slice(0, 2)).toEqual(["user", "assistant"]);
  // As many answers as the provider was asked for, a title's aside.
  const answers = [root, ...children]
    .flatMap((session) => session?.messages ?? [])
    .filter(({ type }) => type === "assistant");
  expect(answers).toHaveLength(bench.provider.requests.filter(({ title }) => !title).length);
});

test.skipIf(binary === "")(
  "a real opencode 2 knows no such session, and the message says which was asked",
  async () => {
    await using bench = await isolatedOpenCode(await loadScenario("plain-answer"));
    const options = await loadOptions(bench);
    const failed = await loadSessions(["ses_000000000000000000000000"], options, () => undefined).catch(String);
    expect(failed).toMatch(/opencode 2\.\S+ at .+ knows no session "ses_0+"/);
  },
);
