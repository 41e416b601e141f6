import { describe, expect, test } from "vitest";
import { askingFor, readAnswer } from "../../../src/opencode/request/asked-answer.js";

const fits = () => [];

describe("a structured answer that was asked for in the prompt", () => {
  test.each([
    ['{ "a": 1 }', { a: 1 }],
    ["  [1, 2]\n", [1, 2]],
    ["7", 7],
    ['Here it is:\n```json\n{ "a": 1 }\n```\nAnything else?', { a: 1 }],
    ['First\n```\n{ "a": 1 }\n```\nbut rather\n```json\n{ "a": 2 }\n```', { a: 2 }],
    ['The answer is {"a": {"b": [1]}}.', { a: { b: [1] } }],
    ['```json\n{ "a": "```" }\n```', { a: "```" }],
  ])("is found in %j", (text, value) => {
    expect(readAnswer(text, fits)).toEqual({ value, problems: [] });
  });

  test.each([
    ["", "the answer is empty"],
    [" \n", "the answer is empty"],
    ["It is 9090.", "the answer is not JSON"],
    ["{ a: 1 }", "the answer is not JSON"],
    ["}{", "the answer is not JSON"],
  ])("is not found in %j", (text, problem) => {
    expect(readAnswer(text, fits)).toEqual({ value: null, problems: [problem] });
  });

  test("is held to its schema, and may not be nested without an end", () => {
    expect(readAnswer("1", (value) => [`${value} is no text`])).toEqual({ value: 1, problems: ["1 is no text"] });
    const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
    expect(readAnswer(deep, fits).problems).toHaveLength(1);
  });

  test("is asked for with the schema behind the prompt", () => {
    expect(askingFor({ type: "integer" }, "How many?")).toMatch(
      /^How many\?\n\n[\s\S]*<schema>\n\{\n {2}"type": "integer"\n\}\n<\/schema>$/,
    );
  });
});
