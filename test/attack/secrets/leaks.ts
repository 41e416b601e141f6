import { maskFor } from "../../../src/masking/mask.js";
import { createRandom } from "../../bench/random.js";
import { KINDS, type Kind, type Sample } from "./kinds.js";
import { PLACES, type Place } from "./places.js";

/** What came of putting kinds of secrets into places. */
export interface Leaks {
  readonly kinds: number;
  readonly tried: number;
  /** Of each kind that can be read anywhere: where. */
  readonly leaking: ReadonlyMap<string, readonly string[]>;
  /** Where masking what is masked already changed something. */
  readonly unstable: readonly string[];
}

/**
 * Puts secrets of every kind into places of sessions, masks these, and looks for the secrets in what is left, in every
 * way that a reader could decode it.
 *
 * @param seed the same seed makes the same secrets
 * @param places how many of the places each kind is tried in; default all
 */
export async function measureLeaks(seed: number, places = PLACES.length): Promise<Leaks> {
  const random = createRandom(seed);
  const leaking = new Map<string, string[]>();
  const unstable: string[] = [];
  let tried = 0;
  for (const [position, place] of PLACES.entries()) {
    const cases = KINDS.filter((_, index) => (index + position) % PLACES.length < places).map((kind): Case => {
      const sample = kind.make(random);
      if (sample.secrets.length === 0) throw new Error(`${kind.name} has no secret in it`);
      return { kind, place, sample, value: place.put(sample.text, random) };
    });
    // One session: what is found in one of its texts is masked in all of them, and every secret is another one.
    const mask = await maskFor([cases.map(({ value }) => value)], { environment: {} });
    const masked = cases.map(({ value }) => mask(value));
    const again = await maskFor([masked], { environment: {} });
    for (const [index, one] of cases.entries()) {
      tried += 1;
      const texts = textsOf(masked[index]).flatMap(readings);
      if (one.sample.secrets.some((secret) => texts.some((text) => text.includes(secret)))) {
        leaking.set(one.kind.name, [...(leaking.get(one.kind.name) ?? []), place.name]);
      }
      if (again(masked[index]) !== masked[index]) unstable.push(`${one.kind.name} in ${place.name}`);
    }
  }
  return { kinds: KINDS.length, tried, leaking, unstable };
}

interface Case {
  readonly kind: Kind;
  readonly place: Place;
  readonly sample: Sample;
  readonly value: unknown;
}

/** All texts of plain data. */
export function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return Object.entries(value).flatMap(([key, item]) => [key, ...textsOf(item)]);
}

/** A text as it is, and as those read it who decode it. */
export function readings(text: string): readonly string[] {
  const unescaped = text
    .replace(/\\+u00([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\+n/g, "\n")
    .replace(/\\+/g, "");
  const entities = text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&gt;", ">")
    .replaceAll("&lt;", "<")
    .replaceAll("&amp;", "&");
  const percent = text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  const base64 = [...text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}(?:\n[A-Za-z0-9+/]+={0,2})*/g)].map(([run]) =>
    Buffer.from(run, "base64").toString("latin1"),
  );
  return [text, unescaped, entities, percent, text.replace(/\s+/g, ""), ...base64];
}
