import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Scenario, scenarioSchema } from "./scenario.js";

/** Where the named scenarios are. */
export const scenarioFolder = fileURLToPath(new URL("../scenarios", import.meta.url));

/** A scenario cannot be used; the message names the file and each field that is wrong. */
export class InvalidScenarioError extends Error {
  override readonly name = "InvalidScenarioError";
}

/**
 * Reads a scenario.
 *
 * @param nameOrFile the name of a file in `test/scenarios`, or a path that ends in `.json`
 * @returns the scenario, with the files of its `filesFrom` folder in `files`
 * @throws {InvalidScenarioError} when the file is missing, is not JSON, or a field is wrong
 */
export async function loadScenario(nameOrFile: string): Promise<Scenario> {
  const file = nameOrFile.endsWith(".json") ? nameOrFile : path.join(scenarioFolder, `${nameOrFile}.json`);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new InvalidScenarioError(`${file}: cannot be read (${reason(cause)}).`, { cause });
  }
  const scenario = parseScenario(text, file);
  if (scenario.filesFrom === undefined) return scenario;
  const folder = path.resolve(path.dirname(file), scenario.filesFrom);
  return { ...scenario, files: { ...(await readFolder(folder, file)), ...scenario.files } };
}

/**
 * Reads a scenario from its JSON text.
 *
 * @param source what to call it in errors
 * @throws {InvalidScenarioError} when the text is not JSON or a field is wrong
 */
export function parseScenario(text: string, source: string): Scenario {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InvalidScenarioError(`${source}: not JSON: ${reason(cause)}`, { cause });
  }
  const result = scenarioSchema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `  ${fieldName(issue.path)}: ${issue.message}`);
  throw new InvalidScenarioError(`${source}: not a scenario:\n${problems.join("\n")}`, {
    cause: result.error,
  });
}

async function readFolder(folder: string, source: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  try {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const full = path.join(entry.parentPath, entry.name);
      files[path.relative(folder, full)] = await readFile(full, "utf8");
    }
  } catch (cause) {
    throw new InvalidScenarioError(`${source}: filesFrom: ${folder} cannot be read (${reason(cause)}).`, {
      cause,
    });
  }
  return files;
}

function fieldName(keys: readonly PropertyKey[]): string {
  if (keys.length === 0) return "the scenario";
  return keys
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
