import { describe, expect, test } from "vitest";
import { headHistory, type KnownNames } from "../../src/git/head-history.js";

const MAIN: KnownNames = { current: "main", branches: new Set(["main"]), others: new Set() };

/** The branches after each of some entries, a second apart. */
function branchesAfter(messages: readonly string[], names: Partial<KnownNames> = {}) {
  const entries = messages.map((message, index) => ({ at: index * 1000, commit: String(index).repeat(40), message }));
  const history = headHistory(entries, { ...MAIN, ...names });
  return messages.map((_, index) => history(index * 1000 + 500)?.branch);
}

describe("the branch that a HEAD was at", () => {
  test("is today's where nothing has moved it", () => {
    expect(branchesAfter(["clone: from https://git.example.com/shop", "commit: One"])).toEqual(["main", "main"]);
    expect(branchesAfter(["clone: from x", "commit: One"], { current: null })).toEqual([null, null]);
  });

  test("before the first move is where that went from", () => {
    const messages = ["commit (initial): One", "checkout: moving from fix to main", "commit: Two"];
    expect(branchesAfter(messages)).toEqual(["fix", "main", "main"]);
  });

  test("is none at a commit, a tag, or another repository's branch", () => {
    const others = new Set(["v1", "origin/next"]);
    const messages = ["1234abc", "v1", "origin/next", "HEAD~2", "main"].map(
      (to) => `checkout: moving from main to ${to}`,
    );
    expect(branchesAfter(messages, { others })).toEqual([null, null, null, null, "main"]);
    // A branch may be called as a commit is.
    const branches = new Set(["main", "1234abc"]);
    expect(branchesAfter(["checkout: moving from main to 1234abc"], { branches, current: "1234abc" })).toEqual([
      "1234abc",
    ]);
  });

  test("is none while it is being rebased, and the same before and after", () => {
    const messages = [
      "commit: One",
      "rebase (start): checkout origin/main",
      "rebase (pick): One",
      "rebase (finish): returning to refs/heads/main",
      "pull --rebase (start): checkout 1234abc",
      "pull --rebase (finish): returning to refs/heads/main",
    ];
    expect(branchesAfter(messages)).toEqual(["main", null, null, "main", null, "main"]);
  });

  test("is not known since the last move where today's is another one", () => {
    const messages = ["commit: One", "checkout: moving from main to fix", "commit: Two"];
    expect(branchesAfter(messages, { current: "other" })).toEqual(["main", null, null]);
  });
});

test("of the time before the first entry nothing is known", () => {
  const history = headHistory([{ at: 5000, commit: "a".repeat(40), message: "commit: One" }], MAIN);
  expect(history(4999)).toBeNull();
  expect(history(5000)).toEqual({ branch: "main", commit: "a".repeat(40), pullRequest: null });
  expect(headHistory([], MAIN)(5000)).toBeNull();
});
