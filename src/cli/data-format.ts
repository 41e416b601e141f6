import { ConfigurationError } from "../errors/configuration-error.js";

export interface FormatFlags {
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** @throws {ConfigurationError} when both were asked for */
export function dataFormat({ json, csv }: FormatFlags): "text" | "json" | "csv" {
  if (json && csv) throw new ConfigurationError("--csv", "Say --json or --csv, but not both.");
  return json ? "json" : csv ? "csv" : "text";
}
