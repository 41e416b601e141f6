import { oneLine } from "../text/terminal-text.js";

/**
 * A tool's arguments as a person reads them: a line for each, a text of several lines below its name. What is no object
 * stays what it is: a model may write arguments that are no JSON.
 *
 * @param input as the model wrote it; not cleaned for a terminal yet, except for the names
 */
export function argumentText(input: unknown): string {
  if (typeof input === "string") return input;
  if (typeof input !== "object" || input === null || Array.isArray(input)) return asJson(input, 2);
  return Object.entries(input)
    .map(([name, value]) => {
      const text = typeof value === "string" ? value : asJson(value);
      return text.includes("\n") ? `${oneLine(name)}:\n${indented(text)}` : `${oneLine(name)}: ${text}`;
    })
    .join("\n");
}

/** The same on one line, as JSON where it is more than a text. */
export function argumentLine(input: unknown, most: number): string {
  return oneLine((typeof input === "string" ? input : asJson(input)).slice(0, most));
}

function asJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent) ?? "";
}

function indented(text: string): string {
  return text.replace(/^/gm, "  ");
}
