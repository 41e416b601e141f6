import { expect, test } from "vitest";
import type { FileShelf } from "../../../src/otel/file-shelf.js";
import { shownFiles } from "../../../src/otel/langfuse/shown-files.js";

const shelf: FileShelf = {
  put: (mime) => (mime === "image/png" ? { reference: "@@@reference@@@" } : { notSent: "too large" }),
  sent: () => undefined,
};
const data = (mime: string): string => `data:${mime};base64,AAAA`;
const user = (...content: readonly unknown[]) => ({ role: "user", content });
const IMAGE = { type: "image_url", image_url: { url: "@@@reference@@@" } };

test("a file that is sent stands as an image, any other as a line that names it", () => {
  const named = { mime: "image/png", filename: "a.png" };
  expect(shownFiles([user({ type: "file", ...named, url: data("image/png") })], shelf)).toEqual([
    user({ ...IMAGE, ...named }),
  ]);
  const tooLarge = { mime: "video/mp4", filename: "a.mp4", url: data("video/mp4") };
  expect(shownFiles([user({ type: "file", ...tooLarge })], shelf)).toEqual([
    user({ type: "text", text: "[a.mp4 (video/mp4)]", ...tooLarge }),
  ]);
  const elsewhere = { mime: "text/plain", filename: null, url: "file:///a.txt" };
  expect(shownFiles([user({ type: "file", ...elsewhere })], undefined)).toEqual([
    user({ type: "text", text: "[a file (text/plain) at file:///a.txt]", ...elsewhere }),
  ]);
});

test("a tool's files stand behind its text", () => {
  const attachments = [{ mime: "image/png", filename: "a.png", url: data("image/png") }];
  const result = { role: "tool", tool_call_id: "c1", name: "read", content: "Read." };
  const parts = [
    { type: "text", text: "Read." },
    { ...IMAGE, mime: "image/png", filename: "a.png" },
  ];
  expect(shownFiles([{ ...result, attachments }], shelf)).toEqual([{ ...result, content: parts }]);
  const asList = { ...result, content: [{ type: "text", text: "Read." }] };
  expect(shownFiles([{ ...asList, attachments }], shelf)).toEqual([{ ...result, content: parts }]);
});

test("everything else stays as it is", () => {
  const messages = [
    { role: "user", content: "Hello" },
    user({ type: "text", text: "Hello" }, { type: "compaction", auto: true, overflow: false }),
    { role: "tool", tool_call_id: "c1", name: "read", content: "", attachments: [] },
  ];
  expect(shownFiles(messages, shelf)).toEqual([
    ...messages.slice(0, 2),
    { role: "tool", tool_call_id: "c1", name: "read", content: "", attachments: [] },
  ]);
});
