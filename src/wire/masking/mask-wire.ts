import { createHash } from "node:crypto";
import { isSecretField } from "../../masking/assigned-secrets.js";
import { markerOf } from "../../masking/marker.js";
import type { Mask } from "../../masking/mask.js";
import type { WireBody, WireEvidence, WireExchange } from "../model.js";
import { KeptBodies, type KeptText, keptTextOf } from "../recording/kept-bodies.js";
import { AnswerMasking } from "./answer-masking.js";
import { BodyMasking, freshTexts } from "./body-masking.js";
import { isMaskedByRules, markMasked } from "./masked-by-rules.js";
import { type NamedText, SecretSources } from "./secret-sources.js";

/** A wire whose secrets are still to be found. */
export interface WireMasking {
  /** What secrets are to be looked for in, for `maskFor`, with all else that is masked together. */
  readonly values: readonly unknown[];
  /** What was masked by the same rules when it was kept, for `maskFor` too. */
  readonly known: readonly string[];
  /**
   * The wire as it may be kept and sent. To be called once.
   *
   * @param mask made of `values`, `known`, and of all else
   */
  masked(mask: Mask): WireEvidence;
}

/**
 * Masks what was sent by the same rules as all else: names and values in bodies of JSON, texts that a stream says in
 * pieces, parameters of addresses, headers. Of a body that changes, the hash becomes that of what it is then: with the
 * old one, and all else of the body at hand, a short secret could be guessed.
 *
 * Takes time in proportion to what the requests say anew; what was masked by these rules before is looked through for
 * what is known to be secret alone. A body that would take longer is left out.
 */
export function wireMasking(wire: WireEvidence | undefined): WireMasking {
  const { exchanges = [], tools, notes = [] } = wire ?? {};
  // What calls carried is the tap's own, as it is of requests.
  const called = tools?.map(({ traceparent, ...rest }) => ({ rest, carried: traceparent ? { traceparent } : {} }));
  const sources = new SecretSources();
  const fresh = new ExchangeMasking(sources);
  for (const exchange of exchanges) if (!isMaskedByRules(exchange)) fresh.add(exchange);
  sources.data([called?.map(({ rest }) => rest), notes]);
  const known = knownTexts(exchanges.filter(isMaskedByRules));
  const masked = (mask: Mask): WireEvidence => {
    const isKept = !mask.hasSteps && (!mask.hasFound || known.every((text) => mask(text) === text));
    const again = new ExchangeMasking(new SecretSources());
    if (!isKept) for (const exchange of exchanges) if (isMaskedByRules(exchange)) again.add(exchange);
    const changes = fieldChanges(mask);
    const told = exchanges.map((exchange) => {
      if (isMaskedByRules(exchange) && isKept) return exchange;
      const own = (isMaskedByRules(exchange) ? again : fresh).masked(exchange, mask, changes);
      if (mask.isByRules) markMasked(own);
      return own;
    });
    const left = fresh.left + again.left;
    const said =
      left === 0 ? [] : [`${left} request(s) have bodies that are too long to be masked; they are left out.`];
    return {
      exchanges: told,
      ...(called ? { tools: called.map(({ rest, carried }) => ({ ...mask(rest), ...carried })) } : {}),
      notes: [...mask(notes), ...said],
    };
  };
  return { values: sources.values(), known, masked };
}

/** Masks requests with their answers, in their order. */
class ExchangeMasking {
  readonly #sources: SecretSources;
  readonly #bodies: BodyMasking;
  readonly #answers = new Map<WireExchange, AnswerMasking>();
  /** What has changed is kept by what it has anew, as it was before. */
  readonly #kept = new KeptBodies();
  readonly #before = new Map<string, KeptText>();
  /** How many bodies were left out. */
  left = 0;

  constructor(sources: SecretSources) {
    this.#sources = sources;
    this.#bodies = new BodyMasking(sources);
  }

  add(exchange: WireExchange): void {
    const { url, body, response, headers, end } = exchange;
    this.#bodies.add(body, seriesOf(exchange));
    for (const { name, value } of parametersOf(url)) this.#sources.field(name, value);
    this.#sources.data([url, headers, response?.headers, end.error]);
    if (response) this.#answers.set(exchange, new AnswerMasking(response.chunks, this.#sources));
  }

  masked(exchange: WireExchange, mask: Mask, changes: (field: NamedText) => boolean): WireExchange {
    const { response } = exchange;
    const chunks = this.#answers.get(exchange)?.masked(mask, changes);
    return {
      ...exchange,
      url: maskUrl(exchange.url, mask),
      headers: mask(exchange.headers),
      body: this.#body(exchange, mask),
      response: response && chunks ? { ...response, headers: mask(response.headers), chunks } : response,
      end: mask(exchange.end),
    };
  }

  #body(exchange: WireExchange, mask: Mask): WireBody {
    const { body } = exchange;
    const { bytes, hash } = body;
    const text = this.#bodies.masked(body, mask);
    if (text === undefined) return body;
    if (text === null) {
      this.left += 1;
      return { text, bytes, hash };
    }
    const series = seriesOf(exchange);
    const masked = this.#kept.after(text, this.#before.get(series), { bytes, hash: sha256(text) });
    const kept = keptTextOf(masked);
    if (kept) this.#before.set(series, kept);
    return masked;
  }
}

/** Requests whose bodies are alike. */
function seriesOf({ sessionId, url }: WireExchange): string {
  return JSON.stringify([sessionId, url]);
}

/** The texts of exchanges, each once. */
function knownTexts(exchanges: readonly WireExchange[]): readonly string[] {
  const texts = new Set<string>();
  const seen = new WeakSet<KeptText>();
  for (const { url, headers, body, response, end } of exchanges) {
    for (const text of freshTexts(body, seen)) texts.add(text);
    for (const text of [url, ...Object.values(headers), end.error ?? ""]) texts.add(text);
    for (const text of Object.values(response?.headers ?? {})) texts.add(text);
    texts.add((response?.chunks ?? []).map(({ text }) => text ?? "").join(""));
  }
  return [...texts];
}

/** Whether the mask changes a field; frames of streams have the same ones over and over. */
function fieldChanges(mask: Mask): (field: NamedText) => boolean {
  const known = new Map<NamedText, boolean>();
  return (field) => {
    let changes = known.get(field);
    if (changes === undefined) {
      const value: unknown = field.name === "" ? [field.text] : Object.fromEntries([[field.name, field.text]]);
      changes = mask(value) !== value;
      known.set(field, changes);
    }
    return changes;
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const PARAMETER = /([?&])([^=&#]*)=([^&#]*)/g;

/** A longer one is no address that a request was sent to, and is masked as a text. */
const LONGEST_URL = 20_000;

/** Signs in where it is a parameter of an address, and is an ordinary word elsewhere. */
const KEYS = /^(?:key|sig|signature|code|auth)$/i;

interface Parameter {
  readonly name: string;
  readonly value: string;
}

function parametersOf(url: string): readonly Parameter[] {
  if (url.length > LONGEST_URL) return [];
  return [...url.matchAll(PARAMETER)].map(([, , name = "", value = ""]) => parameterOf(name, value));
}

/** By the name that says what it is. */
function parameterOf(name: string, value: string): Parameter {
  const own = decoded(name);
  return { name: KEYS.test(own) ? `${own}_token` : own, value: decoded(value) };
}

function maskUrl(url: string, mask: Mask): string {
  if (url.length > LONGEST_URL) return mask(url);
  const masked = url.replace(PARAMETER, (whole, mark: string, name: string, value: string) => {
    const parameter = parameterOf(name, value);
    // `false` masks nothing.
    const isMasked = mask({ [parameter.name]: parameter.value })[parameter.name] !== parameter.value;
    return isMasked && isSecretField(parameter.name, parameter.value)
      ? `${mark}${name}=${markerOf(decoded(name))}`
      : whole;
  });
  return mask(masked);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
