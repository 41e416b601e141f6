/**
 * A program that drives opencode until it is ended from outside: `drive-and-hang.ts <opencode> <directory>`.
 * Its environment is opencode's. Prints a line when a tool of the session runs.
 */
import { drive } from "../../src/opencode/drive.js";

const [opencode, directory] = process.argv.slice(2);
await drive(
  { message: "Wait for the build.", opencode, directory },
  {
    onProgress: ({ phase }) => {
      if (phase.kind === "tools") console.log("a tool runs");
    },
  },
);
