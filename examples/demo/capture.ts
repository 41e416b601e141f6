import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "../../src/cli/program.js";
import type { StorePaths } from "../../src/files/store-paths.js";

/** A narrow terminal, a usual one, and a wide one. */
const WIDTHS = [80, 120, 200];
const COMMANDS: readonly (readonly string[])[] = [
  ["ls"],
  ["show"],
  ["show", "--errors"],
  ["tokens"],
  ["tools"],
  ["context"],
  ["advise"],
  ["wire"],
];

/**
 * Writes what the commands print of the last session that is kept: a file for each command and width, `show-80.txt` say.
 *
 * @throws when a command fails, or prints a line that is wider than its terminal
 */
export async function capture(store: StorePaths, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const argv of COMMANDS) {
    for (const width of WIDTHS) {
      const { code, text, said } = await printed(argv, width, store);
      if (code !== 0) throw new Error(`looptrace ${argv.join(" ")} ends with ${code}: ${said}`);
      const wide = text.split("\n").find((line) => [...line].length > width);
      if (wide !== undefined) throw new Error(`looptrace ${argv.join(" ")} is wider than ${width} columns: ${wide}`);
      await writeFile(join(folder, `${argv.join("").replaceAll("--", "-")}-${width}.txt`), text);
    }
  }
}

async function printed(argv: readonly string[], width: number, { root }: StorePaths) {
  const written = { text: "", said: "" };
  const code = await runCli(argv, {
    env: { NO_COLOR: "1", LOOPTRACE_HOME: root },
    cwd: root,
    out: (some) => {
      written.text += some;
    },
    err: (some) => {
      written.said += some;
    },
    readStdin: async () => "",
    outIsTty: true,
    errIsTty: false,
    width,
    errWidth: width,
    errHeight: 40,
  });
  return { code, ...written };
}
