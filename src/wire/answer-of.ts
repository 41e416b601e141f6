import type { WireExchange } from "./model.js";
import { parseAnswer } from "./protocol/parse-answer.js";
import type { ParsedAnswer } from "./protocol/parsed-answer.js";

const read = new WeakMap<WireExchange, ParsedAnswer | null>();

/** What a provider answered; an answer is read once, since its call, its times and its cost all ask for it. */
export function answerOf(exchange: WireExchange): ParsedAnswer | null {
  const known = read.get(exchange);
  if (known !== undefined) return known;
  const answer = parseAnswer(exchange);
  read.set(exchange, answer);
  return answer;
}
