/**
 * An element of an XML document. There is no library for the writing: what is hard in it, characters that XML cannot
 * hold at all and white space that a parser would change, the builders leave to their callers.
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
  /** Elements, or text. */
  readonly content?: readonly XmlElement[] | string;
}

/** The whole document, encoded in UTF-8 when it is written, a line an element. Names are taken as they are. */
export function xmlDocument(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${lines(root, "").join("\n")}\n`;
}

function lines({ name, attributes = {}, content = [] }: XmlElement, indent: string): string[] {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${encoded(String(value), IN_ATTRIBUTE)}"`);
  const start = `${indent}<${name}${words.join("")}`;
  if (content.length === 0) return [`${start}/>`];
  if (typeof content === "string") return [`${start}>${encoded(content, IN_TEXT)}</${name}>`];
  return [`${start}>`, ...content.flatMap((element) => lines(element, `${indent}  `)), `${indent}</${name}>`];
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** Everything but what the production `Char` of XML 1.0 allows: most control characters, halves of characters. */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** A parser would make a line feed of a carriage return. */
const IN_TEXT = /[&<>\r]/g;

/** In an attribute a parser would also make a space of a tab and a line feed. */
const IN_ATTRIBUTE = /[&<>"\t\n\r]/g;

function encoded(text: string, characters: RegExp): string {
  return text.replace(FORBIDDEN, "").replace(characters, (character) => ENTITIES[character] ?? character);
}
