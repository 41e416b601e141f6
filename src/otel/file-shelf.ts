import type { AttributeList } from "./span-data.js";

/**
 * Takes the files that stand in a trace as data URLs, so that its spans refer to them: Langfuse shows a file that was
 * uploaded in the place of the reference.
 */
export interface FileShelf {
  /**
   * @param mime as the data URL says it; may be empty
   * @returns what stands in the span instead, or why the file is not sent
   */
  put(mime: string, base64: string): { readonly reference: string } | { readonly notSent: string };
  /** Told of each span that is sent, by whose attributes it is known which files it shows. */
  sent(span: { readonly traceId: string; readonly spanId: string }, own: AttributeList): void;
}

/** A whole text that is a data URL: its type, and the base64. */
export function dataUrlIn(text: string): { readonly mime: string; readonly base64: string } | undefined {
  const head = /^data:([^;,]*)[^,]{0,100};base64,/.exec(text.slice(0, 300));
  if (head === null || /\s/.test(text)) return undefined;
  return { mime: head[1] ?? "", base64: text.slice(head[0].length) };
}
