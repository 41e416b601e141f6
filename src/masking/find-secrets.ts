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
  readonly secrets: readonly Secret[];
  readonly literals: readonly Literal[];
}

/** Fewer characters of an encoded text may stand anywhere. */
const SHORTEST_LINE = 20;

/**
 * Looks for tokens, private keys, values of telling names, passwords in addresses and commands: in a text as it is,
 * with its escapes resolved, percent-decoded and decoded from base64. Takes time in proportion to the text.
 *
 * @param places the text's own, where they are known
 */
export function findSecrets(text: string, places: Places = placesIn(text)): FoundSecrets {
  const secrets: Secret[] = [];
  const literals: Literal[] = [];
  const take = (view: View, there: Places): void => {
    for (const { from, to, label, contextFrom, spreads } of findIn(view.text, there)) {
      const [start, end] = [view.origin(from), view.origin(to)];
      if (spreads) {
        for (const own of [text.slice(start, end), view.text.slice(from, to)]) {
          secrets.push({ text: ownText(own), label });
          if (/\n/.test(own)) secrets.push({ text: own.replaceAll(/\r?\n[ \t]*(?:[+|>#*] ?)?/g, ""), label });
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
      });
    }
  };
  take({ text, origin: (at) => at }, places);
  for (const view of [unescapedView(text), percentView(text)]) if (view) take(view, placesIn(view.text));
  for (const encoded of decodedFromBase64(text)) {
    const [inside] = findIn(encoded.text, placesIn(encoded.text));
    if (!inside) continue;
    for (const line of text.slice(encoded.from, encoded.to).split(/\s+/)) {
      if (line.length >= SHORTEST_LINE) secrets.push({ text: line, label: inside.label });
    }
  }
  return { secrets, literals };
}

function findIn(text: string, places: Places): readonly SecretMatch[] {
  return [
    ...findPrivateKeys(text, places.keys),
    ...findTokenShapes(text, places.tokens, places.around),
    ...findAddresses(text, places.addresses),
    ...findAssignments(text, places.stems),
    ...findInCommands(text, places.commands),
    ...findInFormats(text, places.columns, places.phrases, places.ports),
  ];
}
