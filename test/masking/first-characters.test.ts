import { expect, test } from "vitest";
import { maskFor } from "../../src/masking/mask.js";

const STRONG = "hX9k2mZ7qLw4TvB8";
const WEAK = "Sunny-Day77";

/** Many patterns are asked only where a look at one character says that they can match: one text for each such look. */
test.each([
  ["a secret access key's column", `user,secret access key,region\nbob,${STRONG}ABCD1234,eu`],
  ["the same in capitals", `user,Secret Access Key,region\nbob,${STRONG}ABCD1234,eu`],
  ["a column with a thin bar behind it", `│ user │ password│\n│ bob │ ${STRONG} │`],
  ["a thick bar", `┃ user ┃ password┃\n┃ bob ┃ ${STRONG} ┃`],
  ["a double bar", `║ user ║ password║\n║ bob ║ ${STRONG} ║`],
  ["a value in the next line", `password =\n  "${STRONG}"`],
  ["a value in the next line of Windows", `password =\r\n  "${STRONG}"`],
  ["a value in the next line, behind more blanks than a gap has", `password =${" ".repeat(50)}\n  "${STRONG}"`],
  ["a type", `password String := "${WEAK}"`],
  ["a type that begins with a digit", `password 3Str = "${WEAK}"`],
  ["a type that begins with _", `password _str = "${WEAK}"`],
  ["a type that begins with a dot", `password .Str = "${WEAK}"`],
  ["a type behind *", `password *char = "${WEAK}"`],
  ["a type behind brackets", `password [8]char = "${WEAK}"`],
  ["how a router writes it", `enable secret 5 ${STRONG}`],
  ["a flag of a command", `gh secret set API_TOKEN -b ${STRONG}`],
  ["a name in brackets", `env["password"] = "${WEAK}"`],
  ["a name in parentheses", `env('password') = "${WEAK}"`],
  ["a name in braces", `env{password} = "${WEAK}"`],
  ["a symbol in braces", `{:password} = "${WEAK}"`],
])("%s", async (_, text) => {
  const masked = (await maskFor([text], { environment: {} }))(text);
  expect(masked).toMatch(/\[masked: [^\]]+\]/);
  expect(masked).not.toMatch(new RegExp(`${STRONG}|${WEAK}`));
});

test("what is said of a password may be shorter than what chance makes", async () => {
  const text = "the password is Xy7-kQ";
  expect((await maskFor([text], { environment: {} }))(text)).toBe("the password is [masked: password]");
});
