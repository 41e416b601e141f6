import { Argument, type Command } from "commander";
import { SHELLS, type Shell } from "../completion/scripts.js";
import type { ProgramContext } from "./definition.js";
import { COMPLETION_EXIT_CODES } from "./exit-code-texts.js";

/** `looptrace completion` as the command line knows it, and what its scripts call. */
export function defineCompletion(program: Command, { terminal, finish }: ProgramContext): void {
  program
    .command("completion")
    .summary("print what a shell needs to complete command lines")
    .description(
      "Prints a script for bash, zsh or fish that completes commands, flags and their values, sessions that looptrace has kept, and models and agents that they used.",
    )
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  echo 'source <(looptrace completion bash)' >> ~/.bashrc
  echo 'source <(looptrace completion zsh)' >> ~/.zshrc   (behind compinit)
  looptrace completion fish > ~/.config/fish/completions/looptrace.fish
${COMPLETION_EXIT_CODES}`,
    )
    .action(async (shell: Shell) => {
      const commands = await import("../commands/completion.js");
      finish(commands.completion(shell, terminal));
    });
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const commands = await import("../commands/completion.js");
      finish(await commands.complete(program, words, terminal));
    });
}
