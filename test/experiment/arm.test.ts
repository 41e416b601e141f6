import { expect, test } from "vitest";
import { baseOf, parseArm, parseArms } from "../../src/experiment/arm.js";

test("an arm as a flag says it", () => {
  expect(parseArm("base")).toEqual({ name: "base", settings: {} });
  expect(parseArm("base:")).toEqual({ name: "base", settings: {} });
  expect(
    parseArm(
      "new:model=a/b,variant=high,system=Be short, be kind,mcp=one=http://127.0.0.1:1/?a=b,mcp=two=http://127.0.0.1:2,max-steps=5,project-config=true,halt-on-doom-loop=4,fallback-models=c/d,ref=main",
    ),
  ).toEqual({
    name: "new",
    settings: {
      ...{ model: "a/b", variant: "high", systemPrompt: "Be short, be kind", maxSteps: 5, projectConfig: true },
      ...{ haltOnDoomLoop: 4, fallbackModels: ["c/d"], ref: "main" },
      mcp: [
        { name: "one", url: "http://127.0.0.1:1/?a=b" },
        { name: "two", url: "http://127.0.0.1:2" },
      ],
    },
  });
});

test.each([
  ["new:modle=a/b", '--arm new: there is no setting "modle"; did you mean "model"?'],
  ["new:branch=x", '--arm new: there is no setting "branch"; did you mean "ref"?'],
  ["new:zzzzzz=1", '--arm new: there is no setting "zzzzzz"; known are model, agent, variant, system, mcp,'],
  ["new:systm=x", 'there is no setting "systm"; did you mean "system"?'],
  ["new:max-step=3", 'there is no setting "max-step"; did you mean "max-steps"?'],
  ["new:halt-on-doom-loop=x", "halt-on-doom-loop must be true, false or a number of 2 or more"],
  ["new:model", '--arm new: "model" is not of the form key=value.'],
  ["new:model=a/b,model=c/d", "--arm new: model is given twice."],
  ["new:max-steps=many", "--arm new: max-steps must be a whole number."],
  ["new:permissions=maybe", "--arm new: permissions must be allow or deny."],
  ["new:system=x,system-file=y", "--arm new: give the system prompt itself or its file, not both."],
  ["new:mcp=tickets", "--arm new: mcp.0.url must be a text in quotes."],
  ["not a name:model=a/b", '"not a name" is no name for an arm'],
])("%s is refused by the arm's name and the setting's", (typed, message) => {
  expect(() => parseArm(typed)).toThrow(message);
});

test("a question that ends it is its end", () => {
  expect(() => parseArm("new:modle=a/b")).toThrow(/did you mean "model"\?$/);
});

test("arms of a file", () => {
  const arms = parseArms('{"base": {}, "new": {"model": "a/b", "systemFile": "new.md"}}', "arms.json");
  expect(arms).toEqual([
    { name: "base", settings: {} },
    { name: "new", settings: { model: "a/b", systemFile: "new.md" } },
  ]);
  expect(() => parseArms('{"base": {"modell": "a/b"}}', "arms.json")).toThrow(
    'arms.json: arm "base": there is no setting "modell"; did you mean "model"?',
  );
  expect(() => parseArms("[]", "arms.json")).toThrow("arms.json has to be an object of arms by their names");
  expect(() => parseArms("{", "arms.json")).toThrow("arms.json is not valid JSON");
});

test("the base is the arm of that name, else the first; one arm alone, or two of a name, compare nothing", () => {
  const named = (...names: readonly string[]) => names.map((name) => ({ name, settings: {} }));
  expect(baseOf(named("a", "base", "c"))).toBe("base");
  expect(baseOf(named("a", "b"))).toBe("a");
  expect(() => baseOf(named("a"))).toThrow("compares two arms or more");
  expect(() => baseOf(named("a", "b", "a"))).toThrow('Two arms are called "a".');
});
