import { createObservationAttributes, type LangfuseObservationType } from "@langfuse/tracing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonText } from "../../../src/otel/json-text.js";
import { observation } from "../../../src/otel/langfuse/observation.js";
import { traceContext } from "../../../src/otel/trace-context.js";
import { anyCharacter } from "../../support/any-character.js";
import { at, fixtureNames, loadFixture, tracesOf } from "../../support/fixtures.js";
import { tries } from "../../support/tries.js";

const json = fc.option(fc.jsonValue({ maxDepth: 3, stringUnit: anyCharacter }), { nil: undefined });
const counts = fc.dictionary(fc.string(), fc.nat());
const text = fc.string({ unit: anyCharacter });

test("An observation has the attributes that Langfuse's own SDK would give it, in their order", () => {
  const [trace] = tracesOf(loadFixture(at(fixtureNames, 0)), "log");
  if (!trace) throw new Error("a fixture has a trace");
  const context = traceContext(trace, {}, () => ({}));
  const types: readonly LangfuseObservationType[] = ["generation", "tool", "span", "agent"];
  const about = fc.record({ input: json, output: json, statusMessage: text }, { requiredKeys: [] });
  const parts = {
    model: text,
    usageDetails: counts,
    costDetails: counts,
    modelParameters: fc.dictionary(fc.string(), fc.string()),
    completionStartTime: fc.date({ noInvalidDate: true }),
  };
  const generation = fc.record(parts, { requiredKeys: [] });
  // No number, which objects put first, and no name that metadata are put in order by.
  const metadata = fc.dictionary(
    fc.string({ unit: anyCharacter, minLength: 1 }).map((key) => `x${key}`),
    json,
  );
  fc.assert(
    fc.property(fc.constantFrom(...types), about, generation, metadata, (type, said, given, facts) => {
      const { statusMessage, input, output } = said;
      const { completionStartTime } = given;
      const { own } = observation(context, type, {
        input,
        output,
        verdict: { error: null, level: "WARNING", statusMessage },
        kind: "event",
        metadata: facts,
        generation: { ...given, firstTokenAt: completionStartTime?.getTime() },
      });
      const known = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined);
      const wanted = createObservationAttributes(type, {
        ...given,
        ...(input === null || input === undefined ? {} : { input }),
        ...(output === null || output === undefined ? {} : { output }),
        level: "WARNING",
        ...(statusMessage === undefined ? {} : { statusMessage }),
        metadata: Object.fromEntries(known.reverse()),
      });
      const sent = own.names.map((name, index) => {
        const value = own.values[index];
        return [name, value instanceof JsonText ? String(value) : value];
      });
      expect(sent).toEqual(Object.entries(wanted));
    }),
    { numRuns: tries(100) },
  );
});
