import { attempt } from "../errors/thrown.js";
import { dataUrlIn } from "../otel/file-shelf.js";

/** A file in a trace that is a text, and may hold what is to be masked. */
export interface TextFile {
  readonly base64: string;
  readonly text: string;
}

const TEXT_TYPES =
  /^(?:text\/|image\/svg\+xml|application\/(?:json|xml|javascript|x-ndjson|x-yaml|yaml|toml|sql|x-sh))|\+(?:json|xml)$/i;

/** The files in plain data that are texts, each once; what is no UTF-8 is none. */
export function textFilesIn(value: unknown): readonly TextFile[] {
  const found = new Map<string, string>();
  collect(value, found);
  return [...found].map(([base64, text]) => ({ base64, text }));
}

function collect(value: unknown, found: Map<string, string>): void {
  if (typeof value === "string") {
    const url = value.startsWith("data:") ? dataUrlIn(value) : undefined;
    if (!url || !TEXT_TYPES.test(url.mime) || found.has(url.base64)) return;
    const text = attempt(() => UTF8.decode(Buffer.from(url.base64, "base64")));
    if (text !== undefined) found.set(url.base64, text);
  } else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) collect(item, found);
  }
}

/**
 * A masked value with its text files masked too: the base64 of one that held a secret is none any more, or still holds
 * it. What holds no such file stays the same object.
 *
 * @param original the value as it was; masking keeps its structure
 * @param masked by its base64, what each file says now
 */
export function withMaskedFiles<T>(value: T, original: unknown, masked: ReadonlyMap<string, string>): T {
  // A copy whose texts alone are others has the same type.
  return masked.size === 0 ? value : (replaced(value, original, masked) as T);
}

function replaced(value: unknown, original: unknown, masked: ReadonlyMap<string, string>): unknown {
  if (typeof original === "string") {
    const url = original.startsWith("data:") ? dataUrlIn(original) : undefined;
    const text = url && masked.get(url.base64);
    if (url === undefined || text === undefined) return value;
    return `data:${url.mime};base64,${Buffer.from(text.toWellFormed()).toString("base64")}`;
  }
  if (typeof value !== "object" || value === null || typeof original !== "object" || original === null) return value;
  const before: ReadonlyMap<string, unknown> = new Map(Object.entries(original));
  const entries = Object.entries(value).map(([key, item]: [string, unknown]): [string, unknown] => [
    key,
    replaced(item, before.get(key), masked),
  ]);
  const isSame = entries.every(([key, item]) => Object.is(item, Reflect.get(value, key)));
  if (isSame) return value;
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
