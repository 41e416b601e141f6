import { describe, expect, test } from "vitest";
import { z } from "zod";
import { prepareSchema } from "../../src/agent/output-schema.js";
import { RunRequestError } from "../../src/errors/run-request-error.js";

describe("a JSON schema", () => {
  test.each([
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
    undefined,
  ])("of the draft %s", async ($schema) => {
    const own = $schema === undefined ? {} : { $schema };
    const { check, json } = await prepareSchema({
      ...own,
      type: "object",
      properties: { items: { type: "array", items: { type: "string", format: "date" } } },
      required: ["items"],
    });
    expect(json).toMatchObject(own);
    expect(check({ items: ["2026-11-21"] })).toEqual([]);
    expect(check({ items: ["2026-11-21", 5, "soon"] })).toEqual([
      "items[1] must be string",
      'items[2] must match format "date"',
    ]);
    expect(check({})).toEqual(["the answer must have required property 'items'"]);
    expect(check(null)).toEqual(["the answer must be object"]);
  });

  test("with keywords and formats of somebody's own is held to what is known", async () => {
    const { check } = await prepareSchema({ type: "string", format: "colour", "x-order": 1 });
    expect(check("red")).toEqual([]);
    expect(check(1)).toEqual(["the answer must be string"]);
  });

  test("tells places with odd names, and not more than a person reads", async () => {
    const { check } = await prepareSchema({ additionalProperties: { enum: ["a", 1, null] } });
    expect(check({ "a/b~c": 2 })).toEqual(["a/b~c must be equal to one of the allowed values: a, 1, null"]);
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`k${index}`, 2]));
    expect(check(many)).toHaveLength(21);
    expect(check(many).at(-1)).toBe("and 10 more");
  });

  test("that is none is refused", async () => {
    await expect(prepareSchema({ type: 5 })).rejects.toThrow(RunRequestError);
    await expect(prepareSchema({ $ref: "#/nowhere" })).rejects.toThrow(/^schema: is no JSON schema: /);
    const properties = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`p${index}`, "text"]));
    await expect(prepareSchema({ properties })).rejects.toThrow(
      "schema: is no JSON schema: properties.p0 must be object,boolean; properties.p1 must be object,boolean; properties.p2 must be object,boolean; and 47 more",
    );
  });
});

describe("a zod schema", () => {
  test("is asked for as JSON", async () => {
    const { json, check } = await prepareSchema(z.object({ count: z.number().int().min(1) }));
    expect(json).toMatchObject({ type: "object", required: ["count"] });
    expect(check({ count: 2 })).toEqual([]);
    expect(check({ count: 0 })).toEqual(["count Too small: expected number to be >=1"]);
  });

  test("that JSON cannot say is refused", async () => {
    await expect(prepareSchema(z.object({ at: z.date() }))).rejects.toThrow(
      /^schema: cannot be written as a JSON schema: /,
    );
  });
});
