import { expect, test } from "vitest";
import { fileLink, hyperlink } from "../../src/cli/hyperlink.js";
import type { Terminal } from "../../src/cli/terminal.js";

function terminal(more: Partial<Terminal>): Terminal {
  return {
    ...{ env: {}, cwd: "/", out: () => undefined, err: () => undefined, readStdin: async () => "" },
    ...{ outIsTty: true, errIsTty: false, width: 80, errWidth: 80, errHeight: 24, links: { out: true, err: true } },
    ...more,
  };
}

test("a text opens an address where the terminal has links", () => {
  expect(hyperlink("here", "http://127.0.0.1/a b", terminal({}), "out")).toBe(
    "\u001b]8;;http://127.0.0.1/a%20b\u0007here\u001b]8;;\u0007",
  );
  expect(fileLink("r.html", "/repo/r 1.html", terminal({}), "out")).toContain(";;file:///repo/r%201.html\u0007r.html");
  // A control character cannot end it early.
  expect(hyperlink("x", "http://127.0.0.1/\u0007\u001ba", terminal({}), "out")).toContain("/%07%1Ba\u0007x");
});

test.each<[string, Partial<Terminal>]>([
  ["in a pipe", { outIsTty: false }],
  ["where the terminal has none", { links: { out: false, err: true } }],
  ["with NO_COLOR", { env: { NO_COLOR: "1" } }],
])("%s it is the text alone", (_, more) => {
  expect(hyperlink("here", "http://127.0.0.1/", terminal(more), "out")).toBe("here");
  expect(hyperlink("here", "http://127.0.0.1/", terminal({}), "err")).toBe("here");
  expect(hyperlink("here", "no address", terminal({}), "out")).toBe("here");
});
