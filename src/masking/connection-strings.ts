import type { Name } from "./assigned-names.js";
import { after, bareAt, trimmed, type Value } from "./assigned-values.js";

/** Of a line, what is looked at before a name. */
const BEFORE = 200;

/** What stands in a connection string beside the password. */
const PARTS =
  /(?:Server|Data Source|Host(?:Name)?|User(?: Id|name|)|Uid|Endpoint|SharedAccessKeyName|AccountName|Database|Initial Catalog|DefaultEndpointsProtocol|Driver|jdbc:\w+:[^;]{1,80}|Provider|Port|Trusted_Connection|Address|AuthType|Url|ClientId)\s?=?[^;=]{0,100};/i;

/** Signs that belong to no value may stand before it. */
const PART_END = /[^;"'`\n\r<>]{0,40};/y;

/**
 * A part of a connection string: blanks may stand in it, but behind the last part what follows is the next argument of
 * a command.
 */
export function partAt(text: string, at: number): Value | undefined {
  const value = bareAt(text, at, ";\"'`\\n\\r<>");
  if (value && after(PART_END, text, value.to) !== undefined) return value;
  const next = value && /\s-{1,2}[A-Za-z]/.exec(text.slice(value.from, value.to));
  return next ? trimmed(text, value.from, value.from + next.index) : value;
}

/** ADO, ODBC, JDBC and Azure have `Name=value;Name=value`. */
export function isInConnectionString(text: string, name: Name, at: number): boolean {
  const before = text.slice(Math.max(0, name.from - BEFORE), name.from);
  const semicolon = before.lastIndexOf(";");
  if (semicolon >= 0 && /^[ \t]{0,4}[\w ]{0,20}$/.test(before.slice(semicolon + 1))) {
    const start = Math.max(before.lastIndexOf(";", semicolon - 1), before.lastIndexOf("\n", semicolon));
    if (before.slice(start + 1, semicolon).includes("=")) return true;
  }
  const rest = text.slice(at, at + BEFORE).split("\n", 1)[0] ?? "";
  const next = rest.indexOf(";");
  return (
    next > 0 &&
    /^\s?[A-Za-z][\w ]{1,30}=/.test(rest.slice(next + 1, next + 40)) &&
    PARTS.test(`${rest.slice(next + 1)};`)
  );
}
