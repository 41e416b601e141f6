import { ownText } from "../text/own-text.js";
import { findAddresses } from "./addresses.js";
import { findAssignments } from "./assignments.js";
import { findInCommands } from "./commands.js";
import { findInFormats } from "./config-lines.js";
import { findTokenShapes } from "./find-tokens.js";
import type { Literal } from "./literals.js";
import { markerOf } from "./marker.js";
import { type Places, placesIn } from "./places.js";
import { findPrivateKeys } from "./private-keys.js";
import type { Secret } from "./secret.js";
import type { SecretMatch } from "./secret-match.js";
import { decodedFromBase64, percentView, unescapedView, type View } from "./views.js";

/** What was found in a text: secrets by themselves, and those that are one only where they stand. */
export interface FoundSecrets {
  readonly secrets: readonly Ranked<Secret>[];
  readonly literals: readonly Ranked<Literal>[];
}

/** What is found in several ways goes by the name of the lowest rank: the surest ways come first. */
export type Ranked<Found> = Found & { readonly rank: number };

/** Fewer characters of an encoded text may stand anywhere. */
const SHORTEST_LINE = 20;

/**
 * Looks for tokens, private keys, values of telling names, passwords in addresses and commands: in a text as it is,
 * with its escapes resolved, percent-decoded and decoded from base64. Takes time in proportion to the text.
 *
 * @param places the text's own, where they are known
 */
export function findSecrets(text: string, places: Places = placesIn(text)): FoundSecrets {
  const secrets: Ranked<Secret>[] = [];
  const literals: Ranked<Literal>[] = [];
  const take = (view: View, there: Places, first: number): void => {
    for (const [{ from, to, label, contextFrom, spreads }, way] of findIn(view.text, there)) {
      const rank = first + way;
      const [start, end] = [view.origin(from), view.origin(to)];
      if (spreads) {
        for (const own of [text.slice(start, end), view.text.slice(from, to)]) {
          secrets.push({ text: ownText(own), label, rank });
          if (/\n/.test(own)) secrets.push({ text: own.replaceAll(/\r?\n[ \t]*(?:[+|>#*] ?)?/g, ""), label, rank });
        }
        continue;
      }
      const context = view.origin(contextFrom);
      literals.push({
        text: ownText(text.slice(context, end)),
        from: start - context,
        to: end - context,
        marker: markerOf(label),
        isWord: true,
        wraps: false,
        rank,
      });
    }
  };
  take({ text, origin: (at) => at }, places, 0);
  for (const [index, view] of [unescapedView(text), percentView(text)].entries()) {
    if (view) take(view, placesIn(view.text), (index + 1) * WAYS);
  }
  for (const encoded of decodedFromBase64(text)) {
    const inside = findIn(encoded.text, placesIn(encoded.text))[0]?.[0];
    if (!inside) continue;
    for (const line of text.slice(encoded.from, encoded.to).split(/\s+/)) {
      if (line.length >= SHORTEST_LINE) secrets.push({ text: line, label: inside.label, rank: 3 * WAYS });
    }
  }
  return { secrets, literals };
}

/** More than there are ways to find something in a text. */
const WAYS = 16;

type Found = readonly [match: SecretMatch, way: number];

/** With the number of the way in which each was found. */
function findIn(text: string, places: Places): readonly Found[] {
  const ways = [
    findPrivateKeys(text, places.keys),
    findTokenShapes(text, places.tokens, places.around),
    findAddresses(text, places.addresses),
    findAssignments(text, places.stems),
    findInCommands(text, places.commands),
    ...findInFormats(text, places),
  ];
  const all: Found[] = [];
  for (let way = 0; way < ways.length; way += 1) for (const match of ways[way] ?? []) all.push([match, way]);
  return all;
}
