import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { InvalidScenarioError, loadScenario, parseScenario, scenarioFolder } from "./load-scenario.js";

const demo = fileURLToPath(new URL("../../examples/demo/scenario.json", import.meta.url));
const named = (await readdir(scenarioFolder)).filter((file) => file.endsWith(".json"));

describe("the scenario files", () => {
  test.each(named)("%s parses and is called like its file", async (file) => {
    const scenario = await loadScenario(path.basename(file, ".json"));
    expect(`${scenario.name}.json`).toBe(file);
    expect(scenario.lanes.flatMap(({ replies }) => replies).length).toBeGreaterThan(0);
  });

  test("the demo parses and brings its repository along", async () => {
    const scenario = await loadScenario(demo);
    expect(Object.keys(scenario.files)).toEqual(
      expect.arrayContaining(["package.json", path.join("src", "discounts.js"), path.join("test", "cart.test.js")]),
    );
  });

  test("escapes of lone surrogates reach the model's texts as they are", async () => {
    const { lanes } = await loadScenario("unicode");
    const answer = lanes[0]?.replies[1]?.text ?? "";
    expect(answer.isWellFormed()).toBe(false);
    expect(answer).toContain("\u0000");
  });
});

describe("a scenario with an error in it", () => {
  const minimal = {
    name: "minimal",
    description: "One answer.",
    prompts: ["hello"],
    lanes: [{ name: "main", replies: [{ text: "hi" }] }],
  };
  const messageFor = (change: object): string => {
    try {
      parseScenario(JSON.stringify({ ...minimal, ...change }), "some/scenario.json");
    } catch (problem) {
      expect(problem).toBeInstanceOf(InvalidScenarioError);
      return problem instanceof Error ? problem.message : "";
    }
    throw new Error("the scenario was accepted");
  };
  const withReply = (reply: object) => ({ lanes: [{ name: "main", replies: [{ text: "hi" }, reply] }] });

  test("the minimal one is accepted", () => {
    const scenario = parseScenario(JSON.stringify(minimal), "some/scenario.json");
    expect(scenario.prompts).toEqual([{ text: "hello", flags: [] }]);
    expect(scenario.models[0].id).toBe("m1");
  });

  test.each([
    ["a wrong type", withReply({ delayMs: "soon" }), "lanes[0].replies[1].delayMs"],
    ["a misspelt field", withReply({ txet: "hi" }), 'lanes[0].replies[1]: Unrecognized key: "txet"'],
    ["a missing field", { description: undefined }, "description"],
    ["an unknown protocol", { protocol: "smoke-signals" }, "protocol"],
    ["an unknown fault", withReply({ fault: { type: "earthquake" } }), "lanes[0].replies[1].fault"],
    ["more cached tokens than there are", withReply({ usage: { input: 5, cached: 6, output: 1 } }), "usage.cached"],
    ["more reasoning than output", withReply({ usage: { input: 5, output: 1, reasoning: 2 } }), "usage.reasoning"],
    [
      "a figure that the protocol cannot say",
      withReply({ usage: { input: 5, cacheWrite: 2, output: 1 } }),
      'usage.cacheWrite: the protocol "chat-completions" has no such figure',
    ],
    [
      "a break in a tool call that is not there",
      withReply({ text: "hi", fault: { type: "reset", at: "mid-tool-call" } }),
      "lanes[0].replies[1].fault.at",
    ],
    [
      "two lanes of one name",
      { lanes: [...minimal.lanes, ...minimal.lanes] },
      'lanes[1].name: another lane is already called "main"',
    ],
  ])("%s is named with its file and field", (_, change, expected) => {
    const message = messageFor(change);
    expect(message).toContain("some/scenario.json");
    expect(message).toContain(expected);
  });

  test("text that is no JSON is reported with its file", () => {
    expect(() => parseScenario("{ name:", "some/scenario.json")).toThrow(/some\/scenario\.json: not JSON/);
  });

  test("a scenario that does not exist is reported with its path", async () => {
    await expect(loadScenario("there-is-no-such")).rejects.toThrow(/there-is-no-such\.json: cannot be read/);
  });
});

describe("filesFrom", () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });
  const write = async (filesFrom: string): Promise<string> => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "scenario-"));
    folders.push(folder);
    await mkdir(path.join(folder, "repository", "deep"), { recursive: true });
    await writeFile(path.join(folder, "repository", "deep", "a.txt"), "from the folder");
    await writeFile(path.join(folder, "repository", "b.txt"), "from the folder");
    const file = path.join(folder, "scenario.json");
    const files = { "b.txt": "from the scenario" };
    const lanes = [{ name: "main", replies: [] }];
    await writeFile(file, JSON.stringify({ name: "x", description: "x", prompts: ["x"], files, filesFrom, lanes }));
    return file;
  };

  test("a folder beside the scenario fills the working directory; the scenario's own files win", async () => {
    const { files } = await loadScenario(await write("repository"));
    expect(files).toEqual({ [path.join("deep", "a.txt")]: "from the folder", "b.txt": "from the scenario" });
  });

  test("a folder that is missing is reported", async () => {
    const file = await write("elsewhere");
    await expect(loadScenario(file)).rejects.toThrow(/scenario\.json: filesFrom: .*elsewhere cannot be read/);
  });
});
