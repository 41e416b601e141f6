import { shortIds } from "../catalog/short-ids.js";

const MOST_TITLE = 60;

/**
 * The name of a report's file: what the session is called, and the beginning of its id, so that two of the same title
 * have two files. It holds letters, digits and hyphens alone, whatever a model has put into the title.
 *
 * @param ids of the sessions in it, at least one
 */
export function reportName(title: string, ids: readonly string[]): string {
  const words = title.normalize("NFKC").match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const name = [...words.join("-")].slice(0, MOST_TITLE).join("").replace(/-+$/, "").toWellFormed();
  const [first = ""] = ids;
  const others = ids.length > 1 ? `-and-${ids.length - 1}-more` : "";
  return `${name === "" ? "session" : name}-${shortIds([first])(first)}${others}.html`;
}
