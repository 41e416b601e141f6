import { join } from "node:path";
import { parseArgs } from "node:util";
import { shortIds } from "../../src/catalog/short-ids.js";
import { runCli } from "../../src/cli/program.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { makeFolder } from "../../src/files/make-folder.js";
import { storePaths, storePathsAt } from "../../src/files/store-paths.js";
import { storedFiles } from "../../src/sessions/stored-files.js";

/** Where the demo keeps its sessions: beside the user's own and not among them. */
export function demoHome(env: Readonly<Record<string, string | undefined>>): string {
  return `${storePaths(env).root}-demo`;
}

/**
 * What to look at one of the demo's sessions with, wherever in the clone one stands. The session is named by its short
 * id: a number is that of the last `ls`, which knows nothing of later sessions.
 */
export async function lookCommands(home: string, id: string): Promise<readonly string[]> {
  const name = shortIds((await storedFiles(storePathsAt(home))).keys())(id);
  return [
    `npm run -s demo -- show ${name}`,
    `npm run -s demo -- show ${name} --step 1`,
    `npm run -s demo -- report ${name} --open`,
  ];
}

/** The commands that only show what is kept. All others may start an opencode, which would be the user's own. */
const LOOKING = ["ls", "show", "tokens", "tools", "stats", "context", "advise", "wire", "diff", "report", "view"];

/** The same terminal, for a clone without an installed looptrace: hints name the command that works there. */
export function inClone(terminal: Terminal): Terminal {
  const hints = new RegExp(`\`looptrace (?=(?:${LOOKING.join("|")})\\b)`, "g");
  return { ...terminal, err: (text) => terminal.err(text.replace(hints, "`npm run -s demo -- ")) };
}

/**
 * Runs a command line of looptrace's on what the demo has kept. A report is written to the demo's home where no file is
 * named.
 *
 * @returns its exit code; 2 where it is no command that looks
 */
export async function lookAtDemo(argv: readonly string[], terminal: Terminal): Promise<number> {
  const command = argv[0] ?? "";
  if (!isLook(command, argv.slice(1))) {
    terminal.err(
      `looptrace: The demo only shows what it has kept, with ${LOOKING.join(", ")}; ${JSON.stringify(command)} is none of these.\n`,
    );
    return 2;
  }
  const home = demoHome(terminal.env);
  // npm runs scripts in the package's folder.
  const cwd = terminal.env.INIT_CWD ?? terminal.cwd;
  const around = { ...inClone(terminal), env: { ...terminal.env, LOOPTRACE_HOME: home } };
  if (command !== "report" || namesFile(argv)) return await runCli(argv, { ...around, cwd });
  const reports = join(home, "reports");
  await makeFolder(reports, 0o700);
  return await runCli(argv, { ...around, cwd: reports });
}

function isLook(command: string, words: readonly string[]): boolean {
  // They change the user's opencode.
  if (command === "wire" && words.some((word) => /^(?:un)?install$/.test(word))) return false;
  return command.startsWith("-") || command === "help" || LOOKING.includes(command);
}

/** Whether arguments of `report` say where it goes, or name files that are read from where one stands. */
function namesFile(argv: readonly string[]): boolean {
  const options = { output: { type: "string", short: "o" } } as const;
  const { values, positionals } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true });
  return values.output !== undefined || positionals.some((word) => word.endsWith(".json") || word.includes("/"));
}
