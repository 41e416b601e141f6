import { RunRequestError } from "../../errors/run-request-error.js";
import { nearest } from "../../text/nearest.js";
import type { CheckedRequest } from "../request/run-request.js";

/** The variants of each model that opencode tells, by `provider/model`. */
export type ListedVariants = ReadonlyMap<string, readonly string[]>;

/** opencode's own word for none, which also keeps an agent's from being taken. */
const NONE = "default";

/**
 * Refuses a variant that the model does not have: opencode would leave it out without a word, and write down that it
 * was used.
 *
 * @param listed of a model that is not in it nothing is known
 * @throws {RunRequestError} saying which was perhaps meant
 */
export function refuseUnknownVariant({ model, variant }: CheckedRequest, listed: ListedVariants): void {
  if (model === undefined || variant === undefined || variant === NONE) return;
  const known = listed.get(model);
  if (known === undefined || known.includes(variant)) return;
  const meant = nearest(variant, known);
  const hint = meant === undefined ? "" : ` Did you mean ${JSON.stringify(meant)}?`;
  const all = known.length === 0 ? "none" : known.join(", ");
  throw new RunRequestError("variant", `${model} has no variant ${JSON.stringify(variant)}; it has ${all}.${hint}`);
}
