import type { ErrorObject } from "ajv";
import { z } from "zod";
import { RunRequestError } from "../errors/run-request-error.js";
import { messageOf } from "../errors/thrown.js";
import { isTooDeep, TOO_DEEP } from "../text/json-depth.js";

/** A JSON schema, as plain JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a structured answer has to be like: a JSON schema, or a zod schema that can be written as one. */
export type OutputSchema = JsonSchema | z.ZodType;

/** A schema that is ready to be asked for, and to check answers with. */
export interface PreparedSchema {
  readonly json: JsonSchema;
  /**
   * @returns where a value does not fit, each a line with the place and what is wrong there; empty when it
   *   fits
   */
  readonly check: (value: unknown) => readonly string[];
}

/** More would be no help. */
const MOST_PROBLEMS = 20;
/** What is no schema at all is so in every place, and is told in one line. */
const MOST_SCHEMA_PROBLEMS = 3;

/**
 * Reads a schema. Of a JSON schema `$schema` says which draft is meant, else 2020-12; keywords and formats
 * that are not known do not count, as the standard wants it.
 *
 * @throws {RunRequestError} when it is no schema, or a zod schema that JSON cannot say
 */
export async function prepareSchema(schema: OutputSchema): Promise<PreparedSchema> {
  if (schema instanceof z.ZodType) return ofZod(schema);
  if (isTooDeep(schema)) throw new RunRequestError("schema", `${TOO_DEEP}.`);
  const draft = await draftOf(schema);
  let validate: ReturnType<typeof draft.compile>;
  try {
    validate = draft.compile(schema);
  } catch (cause) {
    const found = problemsOf((draft.errors ?? []).map(problemOf("the schema")), MOST_SCHEMA_PROBLEMS);
    const why = found.length === 0 ? messageOf(cause) : found.join("; ");
    throw new RunRequestError("schema", `is no JSON schema: ${why}`, { cause });
  }
  return {
    json: schema,
    check: (value) => {
      if (isTooDeep(value)) return [`the answer ${TOO_DEEP}`];
      return validate(value) ? [] : problemsOf((validate.errors ?? []).map(problemOf("the answer")), MOST_PROBLEMS);
    },
  };
}

/** @param whole what the value is called that is looked at */
function problemOf(whole: string): (error: ErrorObject) => Problem {
  return ({ instancePath, message = "does not fit", params }) => ({
    place: placeOf(instancePath.split("/").slice(1).map(unescaped), whole),
    message: `${message}${detailOf(params)}`,
  });
}

function ofZod(schema: z.ZodType): PreparedSchema {
  let json: JsonSchema;
  try {
    // What the model has to write is what goes into the schema, before any transformation.
    json = { ...z.toJSONSchema(schema, { io: "input" }) };
  } catch (cause) {
    throw new RunRequestError("schema", `cannot be written as a JSON schema: ${messageOf(cause)}`, { cause });
  }
  return {
    json,
    check: (value) => {
      if (isTooDeep(value)) return [`the answer ${TOO_DEEP}`];
      const { error } = schema.safeParse(value);
      return problemsOf(
        (error?.issues ?? []).map(({ path, message }) => ({
          place: placeOf(path.map(String), "the answer"),
          message,
        })),
        MOST_PROBLEMS,
      );
    },
  };
}

/** Loaded only here: it takes longer to load than most commands take to run. */
async function draftOf({ $schema }: JsonSchema) {
  const { default: addFormats } = await import("ajv-formats");
  // Unknown keywords are allowed, and every place that does not fit is told.
  const options = { strict: false, allErrors: true, logger: false } as const;
  const named = typeof $schema === "string" ? $schema : "";
  if (/draft-0[4567]/.test(named)) {
    const { Ajv } = await import("ajv");
    return addFormats.default(
      new Ajv({ ...options, ...(named.includes("draft-07") ? {} : { validateSchema: false }) }),
    );
  }
  if (named.includes("2019-09")) {
    const { Ajv2019 } = await import("ajv/dist/2019.js");
    return addFormats.default(new Ajv2019(options));
  }
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  return addFormats.default(new Ajv2020(options));
}

interface Problem {
  readonly place: string;
  readonly message: string;
}

function problemsOf(problems: readonly Problem[], most: number): readonly string[] {
  const lines = [...new Set(problems.map(({ place, message }) => `${place} ${message}`))];
  const left = lines.length - most;
  return left > 0 ? [...lines.slice(0, most), `and ${left} more`] : lines;
}

/** Such as `items[2].name`. */
function placeOf(path: readonly string[], whole: string): string {
  if (path.length === 0) return whole;
  return path
    .map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
}

/** A step of a JSON pointer. */
function unescaped(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** What the message leaves out: which values are allowed, which field is one too many. */
function detailOf(params: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(params.allowedValues)) return `: ${params.allowedValues.map(String).join(", ")}`;
  return typeof params.additionalProperty === "string" ? `: ${params.additionalProperty}` : "";
}
