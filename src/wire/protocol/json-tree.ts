/**
 * JSON with the place of each value in its text. A body of several hundred kB is read for each call of a session, so
 * that this skips through strings, and unescapes none that is not asked for.
 */

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

/** @returns null where the text is no JSON, or deeper than a request is */
export function readJsonTree(text: string): JsonNode | null {
  try {
    return new Scanner(text).document();
  } catch (problem) {
    if (problem instanceof SyntaxError) return null;
    throw problem;
  }
}

/** The text of a string, unescaped. */
export function stringValue(body: string, node: JsonString): string {
  const raw = body.slice(node.from + 1, node.to - 1);
  return node.escaped ? String(JSON.parse(`"${raw}"`)) : raw;
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
  constructor(text: string) {
    this.text = text;
  }

  document(): JsonNode {
    this.space();
    const node = this.value(0);
    this.space();
    if (this.at < this.text.length) throw this.problem();
    return node;
  }

  private value(depth: number): JsonNode {
    if (depth > MAX_DEPTH) throw this.problem();
    const first = this.text[this.at];
    if (first === '"') return this.string();
    if (first === "{") return this.object(depth);
    return first === "[" ? this.array(depth) : this.scalar();
  }

  private object(depth: number): JsonObject {
    const from = this.at;
    const fields = new Map<string, JsonNode>();
    this.at += 1;
    this.space();
    if (!this.take("}")) {
      do {
        this.space();
        const key = this.string();
        this.space();
        if (!this.take(":")) throw this.problem();
        this.space();
        fields.set(stringValue(this.text, key), this.value(depth + 1));
        this.space();
      } while (this.take(","));
      if (!this.take("}")) throw this.problem();
    }
    return { kind: "object", from, to: this.at, fields };
  }

  private array(depth: number): JsonArray {
    const from = this.at;
    const items: JsonNode[] = [];
    this.at += 1;
    this.space();
    if (!this.take("]")) {
      do {
        this.space();
        items.push(this.value(depth + 1));
        this.space();
      } while (this.take(","));
      if (!this.take("]")) throw this.problem();
    }
    return { kind: "array", from, to: this.at, items };
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

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
