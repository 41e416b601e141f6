import type { ContextBill } from "./context-bill.js";

/** From this share on counts do not come from the texts: a model that is made up, or a provider that counts otherwise. */
const DOES_NOT_FIT = 0.25;

/** How the tokens of a prompt's parts come about, and how far the texts alone tell them. */
export function tokensErrorText({ tokensError, shown }: Pick<ContextBill, "tokensError" | "shown">): string {
  if (!tokensError) return "reckoned from the texts: the provider counted no prompt";
  const { mean, most } = tokensError;
  const unfit = mean >= DOES_NOT_FIT ? ": these counts do not fit the texts" : "";
  const off = `before that ${exact(mean)} off on average, ${exact(most)} at most${unfit}`;
  const uncounted = shown.some(({ counted }) => !counted)
    ? `; ~ is reckoned alone: the provider did not count ${shown.length === 1 ? "this prompt" : "all of these prompts"}`
    : "";
  return `reckoned from the texts, scaled to the provider's count of each call (${off})${uncounted}`;
}

function exact(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
