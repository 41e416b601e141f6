import { type JsonSchema, prepareSchema } from "../agent/output-schema.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { RunRequestError } from "../errors/run-request-error.js";
import { readNamedText } from "../files/own-files.js";
import { jsonProblem } from "../text/json-problem.js";
import type { Terminal } from "./terminal.js";
import { typedPath } from "./typed-path.js";

const MOST_SCHEMA_BYTES = 16 * 1024 * 1024;

/**
 * The JSON schema in a file that was named on the command line.
 *
 * @throws {ConfigurationError} when there is no such file, or no JSON schema in it
 */
export async function readSchema(typed: string, terminal: Terminal): Promise<JsonSchema> {
  const path = typedPath("--schema", typed, "file", terminal);
  const text = await readNamedText(path, MOST_SCHEMA_BYTES).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError("--schema", `--schema ${typed} cannot be read: ${why}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ConfigurationError("--schema", `--schema ${typed}: ${jsonProblem(text, cause)}`);
  }
  if (!isObject(json))
    throw new ConfigurationError("--schema", `--schema ${typed} holds no JSON schema: that is a JSON object.`);
  // Here it is still known which file it came from, and no task of a batch has begun.
  await prepareSchema(json).catch((error: unknown) => {
    if (!(error instanceof RunRequestError)) throw error;
    throw new ConfigurationError("--schema", `--schema ${typed} ${error.problem}`);
  });
  return json;
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
