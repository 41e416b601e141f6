import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parseConfigFile } from "../../src/config/config-file.js";
import { configSchema } from "../../src/config/config-schema.js";

const isValid = new Ajv().compile(configSchema());

/** Whether looptrace itself takes the file. */
function isRead(config: object): boolean {
  try {
    parseConfigFile("/project/looptrace.config.json", JSON.stringify(config));
    return true;
  } catch {
    return false;
  }
}

describe("the schema for editors agrees with looptrace", () => {
  test.each([
    [true, { $schema: "./schema.json", model: "p/m", timeout: "20m", tags: ["a"], haltOnDoomLoop: 3 }],
    [true, { mask: false, metadata: { a: [1, null, { b: "c" }] }, otlp: { headers: { a: "b" } } }],
    [true, { check: { maxDuration: "10m", maxTool: ["bash:p90=5s"], noErrors: true } }],
    [true, { prices: { "ollama/*": { free: true }, "a/b": { input: 1, output: 0, cacheRead: 0.1, override: true } } }],
    [false, { prices: { "a/b": { input: 1 } } }],
    [false, { prices: { "a/b": { input: -1, output: 1 } } }],
    [false, { prices: { "a/b": { free: true, input: 1, output: 1 } } }],
    [false, { prices: [] }],
    [false, { modle: "p/m" }],
    [false, { driver: "servr" }],
    [false, { maxSteps: "3" }],
    [false, { maxSteps: 0 }],
    [false, { timeout: 5 }],
    [false, { mask: true }],
    [false, { environment: "Prod" }],
    [false, { check: { maxcost: 1 } }],
    [false, { langfuse: { key: "x" } }],
  ])("%s: %j", (good, config) => {
    expect({ editor: isValid(config), looptrace: isRead(config) }).toEqual({ editor: good, looptrace: good });
  });
});
