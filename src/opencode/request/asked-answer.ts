/**
 * A structured answer where opencode cannot ask for one itself: it is asked for in the prompt, and looked for in the
 * text.
 */

import { isTooDeep, TOO_DEEP } from "../../text/json-depth.js";

/** A structured answer, and where it does not fit what was asked for. */
export interface StructuredAnswer {
  /** null where there is no JSON at all. */
  readonly value: unknown;
  /** Each a line with the place; empty when it fits. */
  readonly problems: readonly string[];
}

/** Where a value does not fit the schema. */
export type CheckAnswer = (value: unknown) => readonly string[];

/** A prompt that asks for its answer in the form of a JSON schema. */
export function askingFor(schema: Readonly<Record<string, unknown>>, message: string): string {
  return `${message}\n\nWhen you are done, answer with one JSON value that fits this JSON schema, and with nothing else: no explanation, no code fence.\n\n<schema>\n${JSON.stringify(schema, null, 2)}\n</schema>`;
}

/** The next prompt, after an answer that does not fit. */
export function askingAgain(problems: readonly string[]): string {
  const list = problems.map((problem) => `- ${problem}`).join("\n");
  return `That answer is not what the JSON schema asks for:\n\n${list}\n\nAnswer again, with the whole JSON value and with nothing else.`;
}

/** Finds the JSON in an answer: the whole of it, what stands in a code fence, or from the first bracket to the last. */
export function readAnswer(text: string, check: CheckAnswer): StructuredAnswer {
  const fenced = [...text.matchAll(/```(?:json)?[^\S\n]*\n([\s\S]*?)\n[^\S\n]*```/g)].map(([, inside = ""]) => inside);
  const [first, last] = [text.search(/[[{]/), Math.max(text.lastIndexOf("]"), text.lastIndexOf("}"))];
  const bracketed = first >= 0 && last > first ? [text.slice(first, last + 1)] : [];
  for (const candidate of [text, ...fenced.reverse(), ...bracketed]) {
    const read = parsed(candidate);
    if (read === undefined) continue;
    if (isTooDeep(read.value)) return { value: null, problems: [`the answer ${TOO_DEEP}`] };
    return { value: read.value, problems: check(read.value) };
  }
  return { value: null, problems: [text.trim() === "" ? "the answer is empty" : "the answer is not JSON"] };
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
