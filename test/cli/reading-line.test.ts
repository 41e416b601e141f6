import { expect, test } from "vitest";
import { readingLine } from "../../src/cli/reading-line.js";

test("how far a large file is read stands on a line that is gone when all of it is", () => {
  const written: string[] = [];
  const tell = readingLine({ errIsTty: true, err: (text) => void written.push(text) });
  for (const done of [4e6, 4.01e6, 250e6, 500e6]) tell?.({ done, bytes: 500e6 });
  expect(written.map((text) => text.replace("\r\u001b[2K", ""))).toEqual([
    "reading a large session: 4.0 MB of 500 MB",
    "reading a large session: 250 MB of 500 MB",
    "",
  ]);
  expect(readingLine({ errIsTty: false, err: () => undefined })).toBeUndefined();
});
