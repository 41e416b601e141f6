import { ConfigurationError } from "../errors/configuration-error.js";

export interface FormatFlags {
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** @throws {ConfigurationError} when both were asked for */
export function dataFormat({ json, csv }: FormatFlags): "text" | "json" | "csv" {
  if (json && csv)
    throw new ConfigurationError("--csv", "--json and --csv are two forms of one output.\nSay one of them.");
  return json ? "json" : csv ? "csv" : "text";
}
