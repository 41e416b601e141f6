import type { z } from "zod";

/** What a value of a JSON file has to be, in words for who wrote the file. */
const KINDS: Readonly<Record<string, string>> = {
  string: "a text in quotes",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list in [ ]",
  object: "an object in { }",
  record: "an object in { }",
};

export interface FieldWords {
  /** What a value is called that is wrong as a whole. */
  readonly whole: string;
  /** What a field has to be that can be of several kinds, by its name. */
  readonly either: Readonly<Record<string, string>>;
  /** The same for fields that are not named there. */
  readonly otherwise: string;
}

/**
 * What is wrong with a field of a JSON file, as a sentence without its end; names that are not known are for the caller to tell.
 */
export function fieldProblem(
  issue: Exclude<z.core.$ZodIssue, z.core.$ZodIssueUnrecognizedKeys>,
  { whole, either, otherwise }: FieldWords,
): string {
  const field = issue.path.join(".");
  switch (issue.code) {
    case "invalid_type":
      return `${field || whole} must be ${KINDS[issue.expected] ?? issue.expected}`;
    case "too_small":
      return issue.origin === "string"
        ? `${field} is empty`
        : `${field} must be ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "invalid_union":
      return `${field} must be ${either[field] ?? otherwise}`;
    default:
      return `${field} ${issue.message}`;
  }
}
