/** An object of JSON whose fields are not known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value of JSON is an object with fields: neither null nor an array. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of a value of JSON; none where it has none. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}
