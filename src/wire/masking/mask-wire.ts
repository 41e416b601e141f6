import { createHash } from "node:crypto";
import { isSecretField } from "../../masking/assigned-secrets.js";
import { markerOf } from "../../masking/marker.js";
import type { Mask } from "../../masking/mask.js";
import type { WireEvidence, WireExchange } from "../model.js";
import { AnswerMasking } from "./answer-masking.js";
import { BodyMasking } from "./body-masking.js";
import { type NamedText, SecretSources } from "./secret-sources.js";

/** A wire whose secrets are still to be found. */
export interface WireMasking {
  /** What secrets are to be looked for in, for `maskFor`, with all else that is masked together. */
  readonly values: readonly unknown[];
  /**
   * The wire as it may be kept and sent. To be called once.
   *
   * @param mask made of `values`, and of all else
   */
  masked(mask: Mask): WireEvidence;
}

/**
 * Masks what was sent by the same rules as all else: names and values in bodies of JSON, texts that a stream says in
 * pieces, parameters of addresses, headers. Of a body that changes, the hash becomes that of what it is then: with the
 * old one, and all else of the body at hand, a short secret could be guessed.
 *
 * Takes time in proportion to what the requests say anew.
 */
export function wireMasking(wire: WireEvidence | undefined): WireMasking {
  const sources = new SecretSources();
  const bodies = new BodyMasking(sources);
  const answers = new Map<WireExchange, AnswerMasking>();
  const { exchanges = [], tools, notes = [] } = wire ?? {};
  // What calls carried is the tap's own, as it is of requests.
  const called = tools?.map(({ traceparent, ...rest }) => ({ rest, carried: traceparent ? { traceparent } : {} }));
  for (const exchange of exchanges) {
    const { sessionId, url, body, response, headers, end } = exchange;
    if (body.text !== null) bodies.add(body.text, JSON.stringify([sessionId, url]));
    for (const { name, value } of parametersOf(url)) sources.field(name, value);
    sources.data([url, headers, response?.headers, end.error]);
    if (response) answers.set(exchange, new AnswerMasking(response.chunks, sources));
  }
  sources.data([called?.map(({ rest }) => rest), notes]);
  const masked = (mask: Mask): WireEvidence => {
    const changes = fieldChanges(mask);
    return {
      exchanges: exchanges.map((exchange) => {
        const { body, response } = exchange;
        const text = body.text === null ? null : bodies.masked(body.text, mask);
        const chunks = answers.get(exchange)?.masked(mask, changes);
        return {
          ...exchange,
          url: maskUrl(exchange.url, mask),
          headers: mask(exchange.headers),
          body: text === null || text === body.text ? body : { ...body, text, hash: sha256(text) },
          response: response && chunks ? { ...response, headers: mask(response.headers), chunks } : response,
          end: mask(exchange.end),
        };
      }),
      ...(called ? { tools: called.map(({ rest, carried }) => ({ ...mask(rest), ...carried })) } : {}),
      notes: mask(notes),
    };
  };
  return { values: sources.values(), masked };
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

/** Signs in where it is a parameter of an address, and is an ordinary word elsewhere. */
const KEYS = /^(?:key|sig|signature|code|auth)$/i;

interface Parameter {
  readonly name: string;
  readonly value: string;
}

function parametersOf(url: string): readonly Parameter[] {
  return [...url.matchAll(PARAMETER)].map(([, , name = "", value = ""]) => parameterOf(name, value));
}

/** By the name that says what it is. */
function parameterOf(name: string, value: string): Parameter {
  const own = decoded(name);
  return { name: KEYS.test(own) ? `${own}_token` : own, value: decoded(value) };
}

function maskUrl(url: string, mask: Mask): string {
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
