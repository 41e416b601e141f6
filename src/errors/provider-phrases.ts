import type { WordMeaning } from "./provider-words.js";

/**
 * Whole phrases by which providers say that money is the matter. Single words prove nothing: "see the explanation",
 * "credit card parser" and "disk quota exceeded" are harmless.
 */
const billingPhrases: readonly RegExp[] = [
  /\bcredit balance is too low\b/i,
  /\bexceeded your current quota\b/i,
  /\bcheck your (?:plan and )?billing details\b/i,
  /\bbilling hard limit has been reached\b/i,
  /(?:^|[.!:]\s+)insufficient (?:account )?(?:credits?|balance|funds)(?=[.!,:]|$)/i,
  /\b(?:ran|run) out of credits\b/i,
  /^payment required\.?$/i,
];

/**
 * Whether a provider's message is about money.
 *
 * @param meaning what the provider's codes say. Google answers an ordinary rate limit (`RESOURCE_EXHAUSTED`) with the
 * very sentence that OpenAI uses for an empty account, so a code that says "rate limit" outweighs the phrase.
 */
export function isBillingPhrase(text: string, meaning: WordMeaning | null): boolean {
  return meaning !== "rate_limit" && billingPhrases.some((phrase) => phrase.test(text));
}

// opencode's log writes the SDK's class before the message.
const SDK_CLASS = /^AI_[A-Za-z]+Error: /;

/** How a message begins that came without status and code: HTTP's own reason phrases, and those of the SDKs. */
const openings: readonly (readonly [WordMeaning, RegExp])[] = [
  ["rate_limit", /^(?:rate limit (?:reached|exceeded)|too many requests)\b/i],
  ["authentication_failed", /^(?:unauthorized|incorrect api key provided|invalid (?:x-)?api[- ]key)\b/i],
  [
    "server_error",
    /^(?:overloaded|internal server error|bad gateway|service unavailable|gateway time-?out|cannot connect to api|provider is overloaded)\b/i,
  ],
  ["invalid_request", /^(?:bad request|not found)\.?$/i],
  ["invalid_request", /^model not found:/i],
];

/** What a bare message means that opens with a phrase everybody uses; `null` when it does not. */
export function meaningOfOpening(text: string): WordMeaning | null {
  const bare = text.replace(SDK_CLASS, "");
  return openings.find(([, opening]) => opening.test(bare))?.[0] ?? null;
}
