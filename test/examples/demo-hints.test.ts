import { expect, test } from "vitest";
import { inClone } from "../../examples/demo/look.js";
import type { Terminal } from "../../src/cli/terminal.js";

test("what the demo says to look at next works in a clone", () => {
  let said = "";
  const sizes = { outIsTty: false, errIsTty: false, width: 80, errWidth: 80, errHeight: 24 };
  const err = (text: string): void => {
    said += text;
  };
  const terminal: Terminal = { env: {}, cwd: "/", out: () => undefined, err, readStdin: async () => "", ...sizes };
  inClone(terminal).err("`looptrace show ses_1 --step 2` the tool, `looptrace trace ses_1` anew, looptrace: show\n");
  expect(said).toBe(
    "`npm run -s demo -- show ses_1 --step 2` the tool, `looptrace trace ses_1` anew, looptrace: show\n",
  );
});
