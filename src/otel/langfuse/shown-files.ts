/** How files stand in a chat that Langfuse draws: it knows texts, and images by their address or reference. */
import { isFields } from "../../text/json-fields.js";
import { dataUrlIn, type FileShelf } from "../file-shelf.js";

/**
 * The same messages with each file as a part that Langfuse draws: one that is uploaded where it stands, any other as a
 * line of text that names it. One part of another kind, and Langfuse shows the whole call as a table of raw values.
 *
 * What is known of the file stands in the part beside that.
 */
export function shownFiles(messages: readonly unknown[], files: FileShelf | undefined): readonly unknown[] {
  return messages.map((message) => {
    if (!isFields(message)) return message;
    const { content, attachments } = message;
    if (Array.isArray(attachments) && attachments.length > 0) {
      const { attachments: _, ...rest } = message;
      const text =
        typeof content === "string" ? [{ type: "text", text: content }] : Array.isArray(content) ? content : [];
      return { ...rest, content: [...text, ...attachments].map((part) => shownPart(part, files, true)) };
    }
    return Array.isArray(content) ? { ...message, content: content.map((part) => shownPart(part, files)) } : message;
  });
}

function shownPart(part: unknown, files: FileShelf | undefined, isAttachment = false): unknown {
  if (!isFields(part) || (part.type !== "file" && !(isAttachment && part.type === undefined))) return part;
  const { type: _, ...file } = part;
  const { mime, filename, url } = file;
  const data = typeof url === "string" ? dataUrlIn(url) : undefined;
  const put = data && files?.put(data.mime, data.base64);
  if (put && "reference" in put) {
    const { url: _, ...rest } = file;
    return { type: "image_url", image_url: { url: put.reference }, ...rest };
  }
  const name = typeof filename === "string" ? filename : "a file";
  const where = typeof url === "string" && !data ? ` at ${url}` : "";
  return { type: "text", text: `[${name}${typeof mime === "string" ? ` (${mime})` : ""}${where}]`, ...file };
}
