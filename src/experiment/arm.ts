import { z } from "zod";
import { ConfigurationError } from "../errors/configuration-error.js";
import { fieldProblem } from "../text/field-problem.js";
import { isTooDeep, TOO_DEEP } from "../text/json-depth.js";
import { jsonProblem } from "../text/json-problem.js";
import { once } from "../text/lazy.js";
import { nearest } from "../text/nearest.js";
import { type ArmSettings, armSettingsSchema } from "./arm-settings.js";

/** One of the ways of working that are compared. */
export interface Arm {
  /** What it is called. */
  readonly name: string;
  /** How opencode works in it. */
  readonly settings: ArmSettings;
}

const settingNames = once((): readonly string[] => Object.keys(armSettingsSchema.shape));

/** What it is called on the command line, or elsewhere. */
const ALIASES: Readonly<Record<string, string>> = {
  system: "systemPrompt",
  prompt: "systemPrompt",
  promptfile: "systemFile",
  version: "opencode",
  program: "opencode",
  commit: "ref",
  branch: "ref",
  git: "ref",
  agentsmd: "instructions",
  rules: "instructions",
  auto: "permissions",
  mcpservers: "mcp",
};
/** How a flag says what has another name. */
const FLAGS: Readonly<Record<string, string>> = { system: "systemPrompt" };

/** A setting as a flag says it, which is how the page on experiments has it: `max-steps`. */
function asFlag(key: string): string {
  return key === "systemPrompt" ? "system" : key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * An arm as a flag says it: `new:model=a/b,variant=high`. A comma belongs to the value unless a key follows it.
 *
 * @throws {ConfigurationError} naming the arm and what is wrong in it
 */
export function parseArm(typed: string): Arm {
  const at = typed.indexOf(":");
  const name = armName(at < 0 ? typed : typed.slice(0, at), "--arm");
  const said = at < 0 ? "" : typed.slice(at + 1);
  const settings: Record<string, unknown> = {};
  for (const pair of said.split(/,(?=[A-Za-z][A-Za-z-]*=)/).filter((one) => one.trim() !== "")) {
    const equals = pair.indexOf("=");
    if (equals <= 0)
      throw new ConfigurationError("--arm", `--arm ${name}: ${JSON.stringify(pair)} is not of the form key=value.`);
    const written = pair.slice(0, equals).trim();
    const key = camelCase(FLAGS[written] ?? written);
    const value = typedValue(key, pair.slice(equals + 1));
    const before = settings[key];
    if (before !== undefined && !(Array.isArray(before) && Array.isArray(value)))
      throw new ConfigurationError("--arm", `--arm ${name}: ${written} is given twice.`);
    settings[key] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }
  return { name, settings: settingsOf(settings, `--arm ${name}`, "--arm") };
}

/**
 * The arms of a JSON file: an object of them by their names.
 *
 * @param file what the file is called in messages
 * @throws {ConfigurationError} naming the file, the arm, and what is wrong in it
 */
export function parseArms(content: string, file: string): readonly Arm[] {
  let json: unknown;
  try {
    json = JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new ConfigurationError("--arms", `${file} is not valid JSON: ${jsonProblem(content, error)}`);
  }
  if (isTooDeep(json)) throw new ConfigurationError("--arms", `${file} ${TOO_DEEP}.`);
  const arms = z.record(z.string(), z.record(z.string(), z.unknown())).safeParse(json);
  if (!arms.success)
    throw new ConfigurationError(
      "--arms",
      `${file} has to be an object of arms by their names, such as {"base": {}, "new": {"model": "openai/gpt-5"}}.`,
    );
  return Object.entries(arms.data).map(([name, settings]) => ({
    name: armName(name, "--arms"),
    settings: settingsOf(settings, `${file}: arm ${JSON.stringify(name)}`, "--arms"),
  }));
}

/**
 * Which of some arms the others are compared with: the one that is called `base`, else the first.
 *
 * @throws {ConfigurationError} when there are less than two, or two of the same name
 */
export function baseOf(arms: readonly Arm[]): string {
  const names = arms.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new ConfigurationError("--arm", `Two arms are called ${JSON.stringify(twice)}.`);
  const [first, second] = names;
  if (first === undefined || second === undefined)
    throw new ConfigurationError(
      "--arm",
      "An experiment compares two arms or more: --arm base --arm new:model=openai/gpt-5, for instance.",
    );
  return names.includes("base") ? "base" : first;
}

function armName(name: string, setting: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(name)) return name;
  throw new ConfigurationError(
    setting,
    `${JSON.stringify(name)} is no name for an arm: 1 to 40 letters, digits, dots, - and _; settings follow behind a colon.`,
  );
}

function settingsOf(settings: Readonly<Record<string, unknown>>, where: string, setting: string): ArmSettings {
  const result = armSettingsSchema.safeParse(settings, { reportInput: true });
  if (result.success) {
    const { systemPrompt, systemFile } = result.data;
    if (systemPrompt === undefined || systemFile === undefined) return result.data;
    throw new ConfigurationError(setting, `${where}: give the system prompt itself or its file, not both.`);
  }
  const spelled = setting === "--arm" ? asFlag : (key: string) => key;
  const problems = result.error.issues.map((issue) => problemOf(issue, spelled));
  throw new ConfigurationError(setting, `${where}: ${problems.join("; ")}.`.replace(/\?\.$/, "?"));
}

/** @param spelled a setting as it is written there */
function problemOf(issue: z.core.$ZodIssue, spelled: (key: string) => string): string {
  if (issue.code !== "unrecognized_keys") {
    const path = issue.path.map((one, at) => (at === 0 ? spelled(String(one)) : one));
    return fieldProblem({ ...issue, path }, WORDS);
  }
  return issue.keys
    .map((key) => {
      const isOwn = issue.path[0] !== "mcp";
      const known = isOwn ? settingNames() : ["name", "url", "headers", "timeout"];
      const tell = (one: string): string => (isOwn ? spelled(one) : one);
      const meant = nearest(key, known, ALIASES);
      const near = meant === undefined ? nearest(key, known.map(tell)) : tell(meant);
      const name = JSON.stringify([...issue.path, tell(key)].join("."));
      return near === undefined
        ? `there is no setting ${name}; known are ${known.map(tell).join(", ")}`
        : `there is no setting ${name}; did you mean ${JSON.stringify(near)}?`;
    })
    .join("; ");
}

const WORDS = {
  whole: "it",
  either: {
    haltOnDoomLoop: "true, false or a number of 2 or more",
    "halt-on-doom-loop": "true, false or a number of 2 or more",
  },
  otherwise: "of another kind",
} as const;

/** What stands behind the `=`, as JSON would have it. */
function typedValue(key: string, typed: string): unknown {
  switch (key) {
    case "mcp": {
      const at = typed.indexOf("=");
      return [at <= 0 ? { name: typed } : { name: typed.slice(0, at), url: typed.slice(at + 1) }];
    }
    case "fallbackModels":
      return [typed];
    case "retries":
    case "maxSteps":
    case "maxTokens":
    case "maxCost":
    case "maxAttempts":
      return typed.trim() === "" || Number.isNaN(Number(typed)) ? typed : Number(typed);
    case "projectConfig":
      return typed === "true" ? true : typed === "false" ? false : typed;
    case "haltOnDoomLoop":
      return typed === "true" ? true : typed === "false" ? false : Number.isNaN(Number(typed)) ? typed : Number(typed);
    default:
      return typed;
  }
}

function camelCase(key: string): string {
  return key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
