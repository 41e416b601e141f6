import type { WordMeaning } from "./provider-words.js";

/**
 * Whole phrases by which providers say that money is the matter. Single words prove nothing: "see the explanation",
 * "credit card parser" and "disk quota exceeded" are harmless.
 */
const billingPhrases: readonly RegExp[] = [
  "your (?:account's )?credit balance is too low",
  "you(?:'ve| have)? exceeded your current quota",
  "(?:your account is not active, )?(?:please )?check your (?:plan and )?billing details",
  "(?:your |the )?billing hard limit has been reached",
  "insufficient (?:account )?(?:credits?|balance|funds)(?=[.!,:]|$)",
  "(?:you |you've |you have |your (?:account|organization|team) (?:has )?)?(?:ran|run) out of credits",
  "you have reached your specified (?:workspace )?(?:api )?usage limits",
  "your (?:newly created )?team\\b.{0,200}\\b(?:used all available credits|reached its monthly spending limit)",
  "payment required\\.?$",
  // A sentence of its own: a prompt's or an answer's text is quoted, or stands in the middle of one.
].map((phrase) => new RegExp(`(?:^|[.!] +|^[^:]{0,40}error: )${phrase}`, "i"));

/**
 * Whether a provider's message is about money.
 *
 * @param meaning what the provider's codes say. Google answers an ordinary rate limit (`RESOURCE_EXHAUSTED`) with the
 * very sentence that OpenAI uses for an empty account, so a code that says "rate limit" outweighs the phrase.
 */
export function isBillingPhrase(text: string, meaning: WordMeaning | null): boolean {
  return meaning !== "rate_limit" && billingPhrases.some((phrase) => phrase.test(text));
}

// The class of the SDK or of the runtime before the message, and a status: "AI_APICallError: ", "429 ".
const BEFORE_SENTENCE = /^(?:[A-Za-z_][\w.]*(?:Error|Exception): )*(?:[45]\d\d (?=[A-Z]))?/;

/** A message without what SDKs and runtimes put in front of it. */
export function bareSentence(text: string): string {
  return text.replace(BEFORE_SENTENCE, "");
}

/** How a message begins that came without status and code: HTTP's own reason phrases, and those of the SDKs. */
const openings: readonly (readonly [WordMeaning, RegExp])[] = [
  ["rate_limit", /^(?:rate limit (?:reached|exceeded)|too many requests)\b/i],
  ["authentication_failed", /^(?:unauthorized|incorrect api key provided|invalid (?:x-)?api[- ]key)\b/i],
  [
    "server_error",
    /^(?:overloaded|internal server error|bad gateway|service unavailable|gateway time-?out|cannot connect to api|provider is overloaded|upstream (?:provider|error|connect)|the socket connection was closed)\b/i,
  ],
  ["invalid_request", /^(?:bad request|not found)\.?$/i],
  ["invalid_request", /^model not found:/i],
];

/** What a bare message means that opens with a phrase that all providers use; `null` when it does not. */
export function meaningOfOpening(text: string): WordMeaning | null {
  const bare = bareSentence(text);
  return openings.find(([, opening]) => opening.test(bare))?.[0] ?? null;
}
