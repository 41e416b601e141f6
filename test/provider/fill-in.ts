import type { z } from "zod";

type Json = z.core.util.JSONType;

/** Puts the working directory in the place of every `{{workdir}}`, however deep in lists and objects. */
export function fillIn(value: Json, workdir: string): Json {
  if (typeof value === "string") return value.replaceAll("{{workdir}}", workdir);
  if (Array.isArray(value)) return value.map((entry) => fillIn(entry, workdir));
  return typeof value === "object" && value !== null ? fillInRecord(value, workdir) : value;
}

/** The same for an object. */
export function fillInRecord(record: Readonly<Record<string, Json>>, workdir: string): Record<string, Json> {
  return Object.fromEntries(Object.entries(record).map(([key, entry]) => [key, fillIn(entry, workdir)]));
}
