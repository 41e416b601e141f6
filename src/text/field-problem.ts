import { z } from "zod";
import { once } from "./lazy.js";

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

/** A whole number that is not smaller; it says so itself, because zod calls a text in its place no `number`. */
export function wholeNumber(from: number) {
  return z.int("must be a whole number").min(from);
}

export interface FieldWords {
  /** What a value is called that is wrong as a whole. */
  readonly whole: string;
  /** What a field has to be that can be of several kinds, by its name. */
  readonly either: Readonly<Record<string, string>>;
  /** The same for fields that are not named there. */
  readonly otherwise: string;
}

/** What is wrong with a field of a JSON file, a sentence without its end. Unknown names are for the caller to tell. */
export function fieldProblem(
  issue: Exclude<z.core.$ZodIssue, z.core.$ZodIssueUnrecognizedKeys>,
  { whole, either, otherwise }: FieldWords,
): string {
  const field = issue.path.join(".");
  switch (issue.code) {
    case "invalid_type":
      if (issue.message.startsWith("must ")) return `${field} ${issue.message}`;
      return `${field || whole} must be ${KINDS[issue.expected] ?? issue.expected}`;
    case "too_small":
      return issue.origin === "string"
        ? `${field} is empty`
        : `${field} must be ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "invalid_value":
      return `${field} must be ${either[field] ?? alternatives().format(issue.values.map(String))}`;
    case "invalid_union":
      return `${field} must be ${either[field] ?? otherwise}`;
    default:
      return `${field} ${issue.message}`;
  }
}

/** `auto, cli or server`. Made when something is wrong: it takes 10 ms. */
const alternatives = once(() => new Intl.ListFormat("en-GB", { type: "disjunction" }));
