import { environmentSecrets } from "./environment-secrets.js";
import { type Masking, maskFor, SHORTEST_SECRET } from "./mask.js";

declare const brand: unique symbol;

/**
 * Plain data whose secrets are masked, as its masking says. A copy of it, or what was read from JSON, is not known to
 * be masked, and is masked again before it leaves looptrace.
 */
export type Masked<T> = T & { readonly [brand]: "masked" };

/** How values were masked. By identity: a mark inside a value could come from anywhere, a session's JSON too. */
const maskings = new WeakMap<object, Masking>();

/**
 * Says that a value was masked, or was computed from masked values alone. It must not change afterwards.
 *
 * @param masking what was masked in it
 */
export function asMasked<T extends object>(value: T, masking: Masking): Masked<T> {
  maskings.set(value, asItIs(masking));
  return value as Masked<T>;
}

/** The same masking; what becomes of the caller's lists and of the environment later was not masked. */
function asItIs(masking: Masking): Masking {
  if (masking === false) return false;
  const { environment = process.env, secrets = [], patterns = [] } = masking;
  return { ...masking, environment: { ...environment }, secrets: [...secrets], patterns: [...patterns] };
}

/** Says of a value that it was computed from a masked one alone; of a copy of one nothing is known. */
export function maskedLike<T extends object>(value: T, source: Masked<object>): Masked<T> {
  maskings.set(value, maskings.get(source) ?? false);
  return value as Masked<T>;
}

/**
 * Masks values, each as far as it is not masked yet, and what is to go with them; what was found in one is masked in
 * all of them. A value that is masked already in the same way, or by more, is not searched again.
 *
 * @param beside plain data of the caller's, never masked yet
 */
export async function maskRest<T extends object, Beside>(
  values: readonly T[],
  beside: Beside,
  masking: Masking,
): Promise<{ readonly values: readonly Masked<T>[]; readonly beside: Beside }> {
  const rests = values.map((value) => restOf(maskings.get(value), masking));
  const unmasked = values.filter((_, index) => rests[index] === masking);
  const mask = await maskFor([unmasked, beside], masking);
  const shown = values.map(async (value, index) => {
    const rest = rests[index];
    if (rest === masking) return mask(value) as Masked<T>;
    const own = rest === undefined ? value : (await maskFor([value], rest))(value);
    return (mask.hasFound ? mask(own) : own) as Masked<T>;
  });
  return { values: await Promise.all(shown), beside: mask(beside) };
}

/** What a masking would mask that was not masked: all of it as `wanted` itself, nothing as undefined. */
function restOf(done: Masking | undefined, wanted: Masking): Masking | undefined {
  if (wanted === false) return undefined;
  if (done === undefined || done === false) return wanted;
  if (done.knownShapes === false && wanted.knownShapes !== false) return wanted;
  if (wanted.replace && wanted.replace !== done.replace) return wanted;
  const known = new Set(done.secrets);
  for (const { text } of environmentSecrets(done.environment ?? process.env)) known.add(text);
  const secrets = (wanted.secrets ?? []).filter((one) => one.length >= SHORTEST_SECRET && !known.has(one));
  const environment = Object.fromEntries(
    Object.entries(wanted.environment ?? process.env).filter(([name, value]) =>
      environmentSecrets({ [name]: value }).some(({ text }) => !known.has(text)),
    ),
  );
  const patterns = (wanted.patterns ?? []).filter(
    (one) => !(done.patterns ?? []).some((other) => String(other) === String(one)),
  );
  const isDone = secrets.length === 0 && patterns.length === 0 && Object.keys(environment).length === 0;
  return isDone ? undefined : { environment, knownShapes: false, secrets, patterns };
}
