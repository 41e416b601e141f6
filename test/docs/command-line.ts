import { tmpdir } from "node:os";
import { looptrace } from "../support/cli.js";

/** What `--help` knows: the flags by command, `""` being looptrace itself. */
export type CommandLine = ReadonlyMap<string, { readonly flags: ReadonlySet<string>; readonly exitCodes: string }>;

let known: Promise<CommandLine> | undefined;

/** Reads the help of every command, once. */
export function commandLine(): Promise<CommandLine> {
  known ??= readCommandLine();
  return known;
}

async function readCommandLine(): Promise<CommandLine> {
  const main = await helpOf([]);
  const commands = [...main.matchAll(/^ {2}([a-z]+) .*$/gm)].map(([, name = ""]) => name);
  const names = ["", ...commands.filter((name) => name !== "help" && name !== "looptrace")];
  const texts = await Promise.all(names.map((name) => helpOf(name === "" ? [] : [name])));
  const below = await Promise.all(names.map((name, index) => (name === "" ? "" : helpBelow(name, texts[index] ?? ""))));
  return new Map(
    names.map((name, index) => {
      const text = texts[index] ?? "";
      const flags = [...`${text}\n${below[index]}`.matchAll(/^ {2}(?:-(\w), )?--([\w-]+)/gm)].flatMap(
        ([, short, long]) => [...(short === undefined ? [] : [`-${short}`]), `--${long}`],
      );
      return [name, { flags: new Set(flags), exitCodes: exitCodesIn(text) }];
    }),
  );
}

/** The exit codes as the help of a command, or of one below it, has them. */
export async function exitCodesOf(argv: readonly string[]): Promise<string> {
  return exitCodesIn(await helpOf(argv));
}

function exitCodesIn(help: string): string {
  const [, exitCodes = ""] = help.split("Exit codes:\n");
  return exitCodes.trimEnd();
}

/** The help of the commands that a command has, such as those of `wire`: their flags count as its own. */
async function helpBelow(command: string, text: string): Promise<string> {
  const [, list = ""] = /\nCommands:\n(.*?)(?:\n\n|$)/s.exec(text) ?? [];
  const names = [...list.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = ""]) => name).filter((name) => name !== "help");
  return (await Promise.all(names.map((name) => helpOf([command, name])))).join("\n");
}

async function helpOf(argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await looptrace([...argv, "--help"], { env: {}, cwd: tmpdir() });
  if (code !== 0 || stderr !== "") throw new Error(`--help of ${argv.join(" ")} ends with ${code}: ${stderr}`);
  return stdout;
}
