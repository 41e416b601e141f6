import type { Finding } from "../../analysis/findings/finding.js";
import { priceText, shareText } from "../../analysis/findings/finding-texts.js";
import type { FindingData } from "./report-data.js";

/** A loop of a thousand calls needs no thousand links. */
const MOST_PLACES = 12;

/** A finding as the page draws it. */
export function findingData({ title, evidence, advice, where, share, ...price }: Finding): FindingData {
  return {
    title,
    price: [priceText(price), `${shareText(share)} of the session`].filter(Boolean).join(" · "),
    evidence,
    advice,
    where: where.slice(0, MOST_PLACES).map(({ turn, step, spanId }) => ({ turn, step, spanId })),
  };
}
