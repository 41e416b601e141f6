import { isFields } from "../text/json-fields.js";
import type { ErrorObject } from "./error-facts.js";
import { readProviderAnswer } from "./provider-answer.js";

/** How the first builds of opencode 2 said what a provider had answered: the status and the body in one sentence. */
const HTTP_FAILURE = /^Provider request failed with HTTP (\d{3})(?:: ([\s\S]*))?$/;

/**
 * opencode 2's error as an error object of the form that all errors are classified in.
 *
 * @param error `{ type, message, status?, response? }`; of any other form it is one of unknown kind, since that there
 *   is one must not get lost
 * @returns its type as the name; status and the provider's answer where they are known
 */
export function errorObjectOf(error: unknown): ErrorObject {
  if (!isFields(error)) return { name: "unknown", data: { message: String(error) } };
  const { type, message, status, response } = error;
  const said = typeof message === "string" ? message : "";
  const inText = HTTP_FAILURE.exec(said);
  const body = isFields(response) ? response.body : inText?.[2];
  const statusCode = status ?? (inText?.[1] === undefined ? undefined : Number(inText[1]));
  return {
    name: typeof type === "string" ? type : "unknown",
    data: {
      // The answer's own sentence, where there is one, is what the later builds say.
      message: inText && readProviderAnswer(body).message !== undefined ? "" : said,
      ...(statusCode === undefined ? {} : { statusCode }),
      ...(typeof body === "string" ? { responseBody: body } : {}),
    },
  };
}
