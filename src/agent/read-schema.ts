import { ConfigurationError } from "../errors/configuration-error.js";
import { RunRequestError } from "../errors/run-request-error.js";
import { messageOf } from "../errors/thrown.js";
import { readNamedText } from "../files/own-files.js";
import { jsonProblem } from "../text/json-problem.js";
import { type JsonSchema, prepareSchema } from "./output-schema.js";

const MOST_SCHEMA_BYTES = 16 * 1024 * 1024;

/**
 * The JSON schema in a file.
 *
 * @param called what the file is called in messages, such as `--schema verdict.json`
 * @throws {ConfigurationError} when it cannot be read, or holds no JSON schema
 */
export async function readSchema(path: string, called: string): Promise<JsonSchema> {
  const no = (problem: string): ConfigurationError => new ConfigurationError("schema", `${called} ${problem}`);
  const text = await readNamedText(path, MOST_SCHEMA_BYTES).catch((cause: unknown) => {
    throw no(`cannot be read: ${messageOf(cause)}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw no(`is not valid JSON: ${jsonProblem(text, cause)}.`);
  }
  if (!isObject(json)) throw no("holds no JSON schema: that is a JSON object.");
  // Here it is still known which file it came from, and no task of a batch has begun.
  await prepareSchema(json).catch((error: unknown) => {
    if (!(error instanceof RunRequestError)) throw error;
    throw no(error.problem);
  });
  return json;
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
