import { InvalidArgumentError } from "commander";
import { ConfigurationError } from "../errors/configuration-error.js";
import { checkedScore, type NewScore } from "../scores/new-score.js";

/**
 * A score from `name=value`: a number, `true` or `false`, else a text. Can be given several times.
 *
 * @throws {InvalidArgumentError} when it is none
 */
export function parseScore(text: string, before: readonly NewScore[] = []): readonly NewScore[] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It has to be name=value, such as tests=true.");
  try {
    const score = checkedScore({ name: text.slice(0, at), value: valueIn(text.slice(at + 1).trim()) });
    return [...before, score];
  } catch (error) {
    if (error instanceof ConfigurationError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

function valueIn(text: string): NewScore["value"] {
  if (text === "true" || text === "false") return text === "true";
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
}
