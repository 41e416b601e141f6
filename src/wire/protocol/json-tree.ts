/**
 * JSON with the place of each value in its text. A body of several hundred kB is read for each call of a session, so
 * that this skips through strings, and unescapes none that is not asked for.
 */

import { ownText } from "../../text/own-text.js";

/** Where something stands in a text, in UTF-16 units: from its first to the one behind its last. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A value of JSON with its place. */
export type JsonNode = JsonObject | JsonArray | JsonString | JsonScalar;

export interface JsonObject extends Range {
  readonly kind: "object";
  /** Of a key that stands twice the last, as `JSON.parse` has it. */
  readonly fields: ReadonlyMap<string, JsonNode>;
}

export interface JsonArray extends Range {
  readonly kind: "array";
  readonly items: readonly JsonNode[];
}

/** Its range has the quotes in it. */
export interface JsonString extends Range {
  readonly kind: "string";
  readonly escaped: boolean;
}

/** A number, `true`, `false` or `null`. */
export interface JsonScalar extends Range {
  readonly kind: "scalar";
}

/** How deep values may stand in each other: more than any request has, less than the stack holds. */
const MAX_DEPTH = 500;

/** A text that was read. */
export interface ReadJson {
  readonly root: JsonNode;
  /** How many units the text that is read now begins alike with. */
  readonly alike: number;
}

/**
 * @param before an earlier text: values that stand in both before they begin to differ are those of that one
 * @returns null where the text is no JSON, or deeper than a request is
 */
export function readJsonTree(text: string, before?: ReadJson): JsonNode | null {
  try {
    return new Scanner(text, before).document();
  } catch (problem) {
    if (problem instanceof SyntaxError) return null;
    throw problem;
  }
}

/** The text of a string, unescaped; it keeps no more than itself in memory. */
export function stringValue(body: string, node: JsonString): string {
  const raw = body.slice(node.from + 1, node.to - 1);
  return node.escaped ? String(JSON.parse(`"${raw}"`)) : ownText(raw);
}

/** Any value. */
export function jsonValue(body: string, node: JsonNode): unknown {
  return node.kind === "string" ? stringValue(body, node) : JSON.parse(body.slice(node.from, node.to));
}

/**
 * Where places of a string's text stand in the body.
 *
 * @param offsets in the unescaped text, ascending
 */
export function placesInString(body: string, node: JsonString, offsets: readonly number[]): readonly number[] {
  if (!node.escaped) return offsets.map((offset) => node.from + 1 + offset);
  let [raw, plain] = [node.from + 1, 0];
  let backslash = body.indexOf("\\", raw);
  return offsets.map((offset) => {
    while (plain < offset) {
      const run = Math.min(offset - plain, (backslash === -1 ? node.to : backslash) - raw);
      raw += run;
      plain += run;
      if (plain === offset) break;
      raw += body.charAt(raw + 1) === "u" ? 6 : 2;
      plain += 1;
      backslash = body.indexOf("\\", raw);
    }
    return raw;
  });
}

class Scanner {
  private at = 0;
  private readonly text: string;
  private readonly before: JsonNode | undefined;
  /** Up to where the text is that of before. */
  private readonly common: number;

  constructor(text: string, before: ReadJson | undefined) {
    this.text = text;
    this.before = before?.root;
    this.common = before?.alike ?? 0;
  }

  document(): JsonNode {
    this.space();
    const node = this.value(0, this.before);
    this.space();
    if (this.at < this.text.length) throw this.problem();
    return node;
  }

  /** @param old what stood in this place before, whose beginning is the same */
  private value(depth: number, old?: JsonNode): JsonNode {
    if (depth > MAX_DEPTH) throw this.problem();
    const first = this.text[this.at];
    const own = old && old.from === this.at && old.from < this.common ? old : undefined;
    if (first === '"') return this.string();
    if (first === "{") return this.object(depth, own?.kind === "object" ? own.fields : NO_FIELDS);
    return first === "[" ? this.array(depth, own?.kind === "array" ? own.items : []) : this.scalar();
  }

  private object(depth: number, old: ReadonlyMap<string, JsonNode>): JsonObject {
    const from = this.at;
    const fields = this.alike(from + 1, old);
    this.at = [...fields.values()].at(-1)?.to ?? from + 1;
    this.space();
    if (fields.size > 0 ? this.take(",") : this.text[this.at] !== "}") {
      do {
        this.space();
        const key = this.string();
        this.space();
        if (!this.take(":")) throw this.problem();
        this.space();
        const name = stringValue(this.text, key);
        fields.set(name, this.value(depth + 1, old.get(name)));
        this.space();
      } while (this.take(","));
    }
    if (!this.take("}")) throw this.problem();
    return { kind: "object", from, to: this.at, fields };
  }

  private array(depth: number, old: readonly JsonNode[]): JsonArray {
    const from = this.at;
    const differs = old.findIndex((item) => !this.isAlike(item));
    const items = old.slice(0, differs < 0 ? old.length : differs);
    const next = old[items.length];
    this.at = items.at(-1)?.to ?? from + 1;
    this.space();
    if (items.length > 0 ? this.take(",") : this.text[this.at] !== "]") {
      let before = next;
      do {
        this.space();
        items.push(this.value(depth + 1, before));
        before = undefined;
        this.space();
      } while (this.take(","));
    }
    if (!this.take("]")) throw this.problem();
    return { kind: "array", from, to: this.at, items };
  }

  /** The first fields that are those of before. */
  private alike(from: number, old: ReadonlyMap<string, JsonNode>): Map<string, JsonNode> {
    const fields = new Map<string, JsonNode>();
    let at = from;
    for (const [name, node] of old) {
      // Of a name that stands twice the place is that of the first one, and the value that of the last.
      if (node.from < at) return new Map();
      if (!this.isAlike(node)) break;
      fields.set(name, node);
      at = node.to;
    }
    return fields;
  }

  /** Whether a value of before is one of this text too; a number goes on until something else stands behind it. */
  private isAlike({ kind, to }: JsonNode): boolean {
    return kind === "scalar" ? to < this.common : to <= this.common;
  }

  private string(): JsonString {
    // A field that is read for each unit would take most of the time.
    const { text, at: from } = this;
    if (text.charCodeAt(from) !== QUOTE) throw this.problem();
    let escaped = false;
    let at = from + 1;
    for (;;) {
      const unit = text.charCodeAt(at);
      if (unit === QUOTE) break;
      if (unit === BACKSLASH) {
        // What follows it is part of it, a quote too.
        escaped = true;
        at += 2;
      } else if (Number.isNaN(unit)) {
        throw this.problem();
      } else {
        at += 1;
      }
    }
    this.at = at + 1;
    return { kind: "string", from, to: this.at, escaped };
  }

  private scalar(): JsonScalar {
    const from = this.at;
    SCALAR.lastIndex = from;
    if (!SCALAR.test(this.text)) throw this.problem();
    this.at = SCALAR.lastIndex;
    return { kind: "scalar", from, to: this.at };
  }

  private space(): void {
    while (SPACES.has(this.text.charCodeAt(this.at))) this.at += 1;
  }

  private take(mark: string): boolean {
    if (this.text[this.at] !== mark) return false;
    this.at += 1;
    return true;
  }

  private problem(): SyntaxError {
    return new SyntaxError(`Unexpected JSON at ${this.at}`);
  }
}

const NO_FIELDS: ReadonlyMap<string, JsonNode> = new Map();
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
