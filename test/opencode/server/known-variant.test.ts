import { expect, test } from "vitest";
import { checkRequest } from "../../../src/opencode/request/run-request.js";
import { refuseUnknownVariant } from "../../../src/opencode/server/known-variant.js";

const LISTED = new Map([
  ["p/thinks", ["low", "high"]],
  ["p/plain", []],
]);

function refusal(model: string | undefined, variant: string | undefined): string | undefined {
  const request = checkRequest({ message: "hi", directory: "/", model, variant });
  try {
    refuseUnknownVariant(request, LISTED);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

test.each([
  ["p/thinks", "high"],
  ["p/thinks", undefined],
  ["p/plain", "default"],
  [undefined, "nope"],
  ["p/untold", "nope"],
])("of the model %s the variant %s is taken", (model, variant) => {
  expect(refusal(model, variant)).toBeUndefined();
});

test("a variant that a model does not have is refused, with those that it has", () => {
  expect(refusal("p/thinks", "hihg")).toContain(
    'p/thinks has no variant "hihg"; it has low, high. Did you mean "high"?',
  );
  expect(refusal("p/plain", "high")).toContain('p/plain has no variant "high"; it has none.');
});
