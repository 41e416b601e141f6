import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { isTrustedFile } from "../../src/files/trusted-files.js";

const PATH = "/project/looptrace.config.json";
const TEXT = '{"model":"p/m"}';

function allowedAs(bytes: string, path = PATH) {
  return [{ path, sha256: createHash("sha256").update(bytes, "utf8").digest("hex") }];
}

test.each([
  ["just so", allowedAs(TEXT), true],
  ["with the byte order mark that is no part of its text now", allowedAs(`\uFEFF${TEXT}`), true],
  ["with something else in it", allowedAs(`${TEXT} `), false],
  ["with a mark elsewhere", allowedAs(`${TEXT}\uFEFF`), false],
  ["in another place", allowedAs(TEXT, "/other/looptrace.config.json"), false],
])("a file that was allowed %s: %#", (_, files, isTrusted) => {
  expect(isTrustedFile(files, PATH, TEXT)).toBe(isTrusted);
});
