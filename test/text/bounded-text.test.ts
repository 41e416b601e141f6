import { describe, expect, it } from "vitest";
import { headOf, oneLine, tailOf } from "../../src/text/bounded-text.js";

describe("oneLine", () => {
  it.each([
    ["  a\r\n\tb\u2028c\u0085d  ", "a b c d"],
    ["red\u001b[31m\u0000end", "red [31m end"],
    ["half a pair \ud83d", "half a pair \ufffd"],
  ])("%j", (text, line) => {
    expect(oneLine(text)).toBe(line);
  });

  it("cuts with an ellipsis, never through a character", () => {
    expect(oneLine("abcdef", 6)).toBe("abcdef");
    expect(oneLine("abcdefg", 6)).toBe("abcde…");
    expect(oneLine("abcd😀😀", 6)).toBe("abcd\ufffd…");
    expect(oneLine(`a${" ".repeat(1_000)}b`, 10)).toBe("a…");
  });
});

describe("headOf and tailOf", () => {
  it("keep what fits and note what was cut", () => {
    expect(headOf("abc", 3)).toBe("abc");
    expect(headOf("abcd", 3)).toBe("abc … [cut: 4 characters in all]");
    expect(tailOf("abc", 3)).toBe("abc");
    expect(tailOf("abcd", 3)).toBe("[cut: 4 characters in all] … bcd");
    expect(headOf("a😀", 2).isWellFormed()).toBe(true);
    expect(tailOf("😀a", 2).isWellFormed()).toBe(true);
  });
});
