import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonProblem } from "../../src/text/json-problem.js";

function problemOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return jsonProblem(text, error);
  }
}

test.each([
  ['{"langfuse":{"secretKey":sk-lf-of-a-project}}', 'unexpected "s" in line 1, column 26'],
  ['{\n  "model": "p/m",\n  "tags": [x]\n}', 'unexpected "x" in line 3, column 12'],
  ['{\n  "a": true,\n  "b": fals\n}', 'unexpected "\\n" in line 3, column 12'],
  ['{"a": 😀}', 'unexpected "😀" in line 1, column 7'],
  ['{\n  "a": "b" "c"\n}', "Expected ',' or '}' after property value in line 2, column 12"],
  ['{"a": "b",}', "Expected double-quoted property name in line 1, column 11"],
  ['{"a": 1}}', "Unexpected non-whitespace character in line 1, column 9"],
  ['{"a": "b', "Unterminated string in line 1, column 9"],
  ['{"a": ', "it ends too early"],
  ["", "it ends too early"],
])("%j: %j", (text, problem) => {
  expect(problemOf(text)).toBe(problem);
});

test("nothing of the text is repeated, wherever it breaks", () => {
  const secret = "sk-lf-5b0c1d9e";
  const text = JSON.stringify({ model: "p/m", langfuse: { secretKey: secret, publicKey: "pk" } }, null, 2);
  fc.assert(
    fc.property(fc.nat(text.length), fc.string({ maxLength: 3 }), fc.nat(30), (at, put, cut) => {
      const problem = problemOf(text.slice(0, at) + put + text.slice(at + cut)) ?? "";
      for (let from = 0; from + 4 <= secret.length; from += 1)
        expect(problem).not.toContain(secret.slice(from, from + 4));
    }),
  );
});

test("the place is told as the caller wants it", () => {
  const text = '{"a": b}';
  try {
    JSON.parse(text);
    expect.unreachable();
  } catch (error) {
    expect(jsonProblem(text, error, (_, column) => `column ${column}`)).toBe('unexpected "b" in column 7');
  }
});
