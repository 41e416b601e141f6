import type { Masking } from "../masking/mask.js";
import { maskRest } from "../masking/masked.js";
import type { LoopTrace } from "../trace/model.js";
import { textFilesIn, withMaskedFiles } from "./text-files.js";

/**
 * Masks traces as far as they are not masked yet, the text files in them too, and what is to go with them.
 *
 * @param beside plain data of the caller's, never masked yet
 */
export async function maskTraces<Beside>(
  traces: readonly LoopTrace[],
  beside: Beside,
  masking: Masking,
): Promise<{ readonly values: readonly LoopTrace[]; readonly beside: Beside }> {
  const files = textFilesIn(traces);
  const masked = await maskRest(traces, { given: beside, texts: files.map(({ text }) => text) }, masking);
  const { given, texts } = masked.beside;
  const byBase64 = new Map(files.map(({ base64 }, at) => [base64, texts[at] ?? ""]));
  const values = masked.values.map((trace, at) => withMaskedFiles<LoopTrace>(trace, traces[at], byBase64));
  return { values, beside: given };
}
