import { describe, expect, test } from "vitest";
import { at, traceOf } from "../support/fixtures.js";
import { callsIn } from "./walk-trace.js";

describe.each(["1.18.33", "1.17.19", "1.15.13"])("several steps (%s)", (version) => {
  const { loop } = traceOf(`multistep@${version}`);
  const calls = callsIn(loop);
  const prompt = "Set the port in settings.txt to what notes.md says, then check it.";

  test("the first call is asked the prompt as it was typed", () => {
    expect(loop.input).toEqual([{ role: "user", content: prompt }]);
    expect(at(calls, 0).input).toEqual([{ role: "user", content: prompt }]);
  });

  test("each later call is told the results of the tools that the one before asked for", () => {
    const asked = (index: number) =>
      at(loop.steps, index).tools.map(({ callId, name, output }) => ({
        role: "tool",
        tool_call_id: callId,
        name,
        content: output,
      }));
    expect(at(calls, 1).input).toEqual(asked(0));
    expect(at(calls, 1).input).toMatchObject([
      { tool_call_id: "call_list", name: "bash", content: "2:port = 8080\n" },
      {
        tool_call_id: "call_notes",
        name: "read",
        content: expect.stringContaining("The port has to be 9090"),
      },
      { tool_call_id: "call_settings", name: "read", content: expect.stringContaining("timeout = 30") },
    ]);
    expect(at(calls, 2).input).toEqual(asked(1));
    expect(at(calls, 2).input).toMatchObject([{ tool_call_id: "call_edit", name: "edit" }]);
    expect(at(calls, 3).input).toEqual(asked(2));
    expect(at(calls, 3).input).toMatchObject([{ content: "port = 9090\n" }]);
  });

  test("each call's output is what the model thought, said and asked for", () => {
    expect(at(calls, 0).output).toEqual({
      thinking: "I need both files. They do not depend on each other, so I can look at them at once.",
      text: "I look at the settings and the notes.",
      toolCalls: [
        {
          id: "call_list",
          name: "bash",
          arguments: {
            command: "sleep 0.3; grep -n port settings.txt",
            description: "Finds the port setting",
          },
        },
        { id: "call_notes", name: "read", arguments: { filePath: "/home/dev/project/notes.md" } },
        { id: "call_settings", name: "read", arguments: { filePath: "/home/dev/project/settings.txt" } },
      ],
    });
    expect(at(calls, 2).output).toMatchObject({ text: null, toolCalls: [{ id: "call_check" }] });
    expect(at(calls, 3).output).toEqual({
      thinking: "The file says 9090 now.",
      text: "settings.txt now says `port = 9090`, as notes.md asks.",
      toolCalls: [],
    });
    expect(loop.output).toBe("settings.txt now says `port = 9090`, as notes.md asks.");
  });

  test("the context grows from call to call, and its cached part with it", () => {
    expect(calls.map(({ cumulative }) => cumulative.contextTokens)).toEqual([4140, 4696, 4878, 4994]);
    expect(calls.map(({ cumulative }) => cumulative.contextGrowth)).toEqual([null, 556, 182, 116]);
    expect(calls.map(({ cumulative }) => cumulative.cacheHitRatio)).toEqual([0, 3840 / 4600, 4480 / 4820, 4736 / 4960]);
    expect(calls.map(({ usage }) => usage)).toEqual([
      { input: 4000, output: 116, reasoning: 24, cacheRead: 0, cacheWrite: 0 },
      { input: 760, output: 76, reasoning: 20, cacheRead: 3840, cacheWrite: 0 },
      { input: 340, output: 40, reasoning: 18, cacheRead: 4480, cacheWrite: 0 },
      { input: 224, output: 26, reasoning: 8, cacheRead: 4736, cacheWrite: 0 },
    ]);
  });

  test("it ends well", () => {
    expect(loop).toMatchObject({ outcome: "completed", error: null, agent: "build", notes: [] });
    expect(loop.model).toEqual({ providerId: "scripted", modelId: "m1", variant: null });
    expect(calls.map(({ finish }) => finish)).toEqual(["tool-calls", "tool-calls", "tool-calls", "stop"]);
  });
});
