import { isSecretField } from "../../masking/assigned-secrets.js";
import { namedValue } from "../../masking/texts.js";

/** A text as the value of a field; `name` is `""` where it is none's. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/**
 * What secrets are looked for in, each text once: a recording says the same things in request after request, and
 * looking takes its time.
 */
export class SecretSources {
  readonly #texts = new Set<string>();
  readonly #fields = new Map<string, Map<string, NamedText>>();

  /** A text of any form. */
  text(text: string): void {
    if (text !== "") this.#texts.add(text);
  }

  /** The value of a field. @returns one and the same for the same name and text */
  field(name: string, text: string): NamedText {
    const byText = this.#fields.get(name) ?? new Map<string, NamedText>();
    this.#fields.set(name, byText);
    const known = byText.get(text);
    if (known) return known;
    this.text(name);
    this.text(text);
    const field = { name, text };
    byText.set(text, field);
    return field;
  }

  /** Plain data: its texts, and the names that they go by. */
  data(value: unknown): void {
    const left: unknown[] = [value];
    while (left.length > 0) {
      const one = left.pop();
      if (typeof one === "string") this.text(one);
      if (typeof one !== "object" || one === null) continue;
      if (Array.isArray(one)) {
        for (const item of one) left.push(item);
        continue;
      }
      const told = namedValue(one);
      if (told) this.field(told.name, String(Reflect.get(one, told.key)));
      for (const [key, item] of Object.entries(one)) {
        if (typeof item === "string") this.field(key, item);
        else {
          this.text(key);
          left.push(item);
        }
      }
    }
  }

  /** For `maskFor`. */
  values(): readonly unknown[] {
    const secret = [...this.#fields].flatMap(([name, byText]) =>
      [...byText.keys()].filter((text) => isSecretField(name, text)).map((text) => Object.fromEntries([[name, text]])),
    );
    return [...this.#texts, ...secret];
  }
}
