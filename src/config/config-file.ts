import { dirname, resolve } from "node:path";
import { z } from "zod";
import { fieldsOn } from "../agent/setting-surfaces.js";
import { TOOL_BUDGET_FORM, toolBudget } from "../analysis/tool-budget.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { environmentName } from "../otel/options.js";
import { durationMs, isNone } from "../text/duration-ms.js";
import { fieldProblem, wholeNumber } from "../text/field-problem.js";
import { isTooDeep, TOO_DEEP } from "../text/json-depth.js";
import { jsonProblem } from "../text/json-problem.js";
import { nearest } from "../text/nearest.js";
import { CONFIG_FILE } from "./config-file-name.js";

const text = z.string().min(1);

/** A duration such as `10m`, read as ms; a bare number in quotes is seconds. */
const durationText = z
  .unknown()
  .meta({ type: "string" })
  .transform((value, context) => {
    const ms = typeof value === "string" ? (durationMs(value) ?? durationMs(`${value}s`)) : undefined;
    if (ms !== undefined) return ms;
    context.issues.push({ code: "custom", input: value, message: 'must be a duration such as "10m"' });
    return z.NEVER;
  });

/** The same, or `0` for none. */
const durationOrNone = z
  .unknown()
  .meta({ type: "string" })
  .transform((value, context) => {
    const ms = typeof value !== "string" ? undefined : isNone(value) ? 0 : durationMs(value);
    if (ms !== undefined) return ms;
    context.issues.push({ code: "custom", input: value, message: 'must be a duration such as "10m", or "0"' });
    return z.NEVER;
  });

/** A limit such as `bash:p90=5s`. */
const toolBudgetText = z
  .unknown()
  .meta({ type: "string" })
  .transform((value, context) => {
    const budget = typeof value === "string" ? toolBudget(value) : undefined;
    if (budget !== undefined) return budget;
    context.issues.push({ code: "custom", input: value, message: `must be ${TOOL_BUDGET_FORM}` });
    return z.NEVER;
  });

/** The budgets of `looptrace check`; those of `looptrace run` stand outside of it. */
const checkSettings = z.strictObject({
  maxCost: z.number().positive().optional(),
  maxTokens: wholeNumber(1).optional(),
  maxDuration: durationText.optional(),
  maxSteps: wholeNumber(1).optional(),
  maxTool: z.array(toolBudgetText).optional(),
  noErrors: z.boolean().optional(),
  noToolErrors: z.boolean().optional(),
  noDoomLoop: z.boolean().optional(),
  noCacheBreaks: z.boolean().optional(),
});

export type CheckSettings = z.infer<typeof checkSettings>;

/** Which models a price is of: `provider/model`, with `*` for any characters. */
const modelPattern = z.string().regex(/./, "must be a model such as ollama/* or acme/large");

const usdPerMillion = z.number().nonnegative();

/** What a model costs, USD a million tokens. What is left out costs as what it is most like. */
const modelPrice = z.union([
  z.strictObject({ free: z.literal(true), override: z.boolean().optional() }),
  z.strictObject({
    input: usdPerMillion,
    output: usdPerMillion,
    reasoning: usdPerMillion.optional(),
    cacheRead: usdPerMillion.optional(),
    cacheWrite: usdPerMillion.optional(),
    override: z.boolean().optional(),
  }),
]);
const PRICE_FORM =
  '{ "free": true }, or "input" and "output" in USD a million tokens, with "reasoning", "cacheRead", "cacheWrite" and "override" if need be';

/** How the file says each kind of value that a setting of opencode's work has. */
const { opencode, driver, ...settings } = fieldsOn("config", {
  text: () => text.optional(),
  texts: () => z.array(text).optional(),
  switch: () => z.boolean().optional(),
  count: ({ from = 0 }) => wholeNumber(from).optional(),
  usd: () => z.number().positive().optional(),
  ms: () => durationText.optional(),
  warmth: () => durationOrNone.optional(),
  threshold: ({ from = 0 }) => z.union([z.boolean(), wholeNumber(from)]).optional(),
  program: () => text.optional(),
  driver: () => z.enum(["auto", "cli", "server"]).optional(),
});

/** `looptrace.config.json`; strict, so that a misspelt setting is reported instead of ignored. */
export const configFile = z.strictObject({
  $schema: z.string().optional(),
  opencode,
  driver,
  ...settings,
  traceName: text.optional(),
  userId: text.optional(),
  tags: z.array(text).optional(),
  environment: environmentName.optional(),
  release: text.optional(),
  metadata: z.record(z.string(), z.json()).optional(),
  textLimit: wholeNumber(1000).optional(),
  fileLimitMb: z.number().nonnegative().optional(),
  content: z.boolean().optional(),
  scores: z.boolean().optional(),
  phases: z.boolean().optional(),
  outboxLimitMb: z.number().positive().optional(),
  mask: z.union([z.literal(false), z.array(text)]).optional(),
  check: checkSettings.optional(),
  prices: z.record(modelPattern, modelPrice).optional(),
  langfuse: z
    .strictObject({ publicKey: text.optional(), secretKey: text.optional(), baseUrl: text.optional() })
    .optional(),
  otlp: z
    .strictObject({
      tracesEndpoint: text.optional(),
      headers: z.record(z.string(), z.string()).optional(),
      metrics: z.boolean().optional(),
      shape: z.enum(["langfuse", "genai"]).optional(),
    })
    .optional(),
});

export type ConfigFile = z.infer<typeof configFile>;

/** @throws {ConfigurationError} when the text is not JSON, or holds a setting that looptrace does not know */
export function parseConfigFile(path: string, text: string): ConfigFile {
  return withAbsolutePath(parseConfig(text, path), dirname(path));
}

/** A relative path means what it says to a reader of the file, wherever looptrace is called. */
function withAbsolutePath(config: ConfigFile, folder: string): ConfigFile {
  return config.opencode === undefined ? config : { ...config, opencode: resolve(folder, config.opencode) };
}

function parseConfig(text: string, path: string): ConfigFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ConfigurationError(CONFIG_FILE, `${path} is not valid JSON: ${jsonProblem(text, error)}.\n${MEND}`);
  }
  if (isTooDeep(json)) throw new ConfigurationError(CONFIG_FILE, `${path} ${TOO_DEEP}.\n${MEND}`);
  const result = configFile.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap(problemTexts).map((problem) => `\n  ${problem}`);
  throw new ConfigurationError(CONFIG_FILE, `${path} cannot be used:${problems.join("")}\n${MEND}`);
}

/** What to do about what is wrong in the file. */
const MEND = "Mend it there; docs/configuration.md of looptrace has all settings.";

const WORDS = {
  whole: "the file",
  either: {
    haltOnDoomLoop: "true, false or a number of 2 or more",
    mask: "a list of regular expressions in quotes, or false",
  },
  otherwise: "of another kind",
} as const;

function problemTexts(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code !== "unrecognized_keys") {
    const otherwise = issue.path[0] === "prices" ? PRICE_FORM : WORDS.otherwise;
    return [fieldProblem(issue, { ...WORDS, otherwise })];
  }
  const known = knownKeys(issue.path);
  const nameOf = (key: string): string => JSON.stringify([...issue.path, key].join("."));
  const unknown = issue.keys.map((key) => ({ name: nameOf(key), near: nearest(key, known) }));
  const misspelt = unknown.flatMap(({ name, near }) =>
    near === undefined ? [] : [`there is no setting ${name}; did you mean ${nameOf(near)}?`],
  );
  const others = unknown.filter(({ near }) => near === undefined).map(({ name }) => name);
  if (others.length === 0) return misspelt;
  const group = issue.path.join(".");
  const list = `known${group && ` in ${group}`} are ${known.join(", ")}`;
  return [...misspelt, `there is no setting ${others.join(", ")}; ${list}`];
}

function knownKeys([group]: readonly PropertyKey[]): readonly string[] {
  if (group === "langfuse" || group === "otlp" || group === "check")
    return Object.keys(configFile.shape[group].unwrap().shape);
  return Object.keys(configFile.shape);
}
